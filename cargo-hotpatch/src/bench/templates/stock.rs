//! What the SUBJECT department has on its shelves, and what it has to order.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectSize {
    Small,
    Medium,
    Large,
}

impl TryFrom<u64> for SubjectSize {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        match number {
            0 => Ok(Self::Small),
            1 => Ok(Self::Medium),
            2 => Ok(Self::Large),
            other => Err(format!("SUBJECT knows no size {other}")),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct SubjectItem {
    pub name: Rc<str>,
    pub size: SubjectSize,
    pub count: u32,
    pub price: u64,
    pub tags: BTreeSet<&'static str>,
}

#[derive(Debug, Default)]
pub struct SubjectShelf {
    items: Vec<SubjectItem>,
    by_name: HashMap<Rc<str>, usize>,
}

impl SubjectShelf {
    pub fn add(&mut self, item: SubjectItem) -> &mut SubjectItem {
        let index = match self.by_name.get(&item.name) {
            Some(index) => {
                self.items[*index].count += item.count;
                *index
            }
            None => {
                self.by_name.insert(item.name.clone(), self.items.len());
                self.items.push(item);
                self.items.len() - 1
            }
        };
        &mut self.items[index]
    }

    pub fn value(&self) -> u64 {
        self.items.iter().map(|item| item.price * u64::from(item.count)).sum()
    }

    pub fn scarce(&self, below: u32) -> Vec<&SubjectItem> {
        let mut scarce: Vec<&SubjectItem> =
            self.items.iter().filter(|item| item.count < below).collect();
        scarce.sort_by(|a, b| a.count.cmp(&b.count).then_with(|| b.name.cmp(&a.name)));
        scarce
    }

    pub fn grouped(&self) -> HashMap<SubjectSize, Vec<&str>> {
        let mut groups: HashMap<SubjectSize, Vec<&str>> = HashMap::new();
        for item in &self.items {
            groups.entry(item.size).or_default().push(&item.name);
        }
        groups
    }
}

impl Extend<SubjectItem> for SubjectShelf {
    fn extend<I: IntoIterator<Item = SubjectItem>>(&mut self, items: I) {
        for item in items {
            self.add(item);
        }
    }
}

fn order(shelf: &SubjectShelf, budget: u64) -> String {
    let mut total = 0;
    let mut names = Vec::new();
    for item in shelf.scarce(NUMBER_A) {
        if total + item.price > budget {
            break;
        }
        total += item.price;
        names.push(item.name.as_ref());
    }
    let edition: u64 = 0;
    format!("edition {edition}, SUBJECT orders {} for {total}", names.join(" and "))
}

pub fn answer(value: u64) -> String {
    let mut shelf = SubjectShelf::default();
    shelf.extend((0..NUMBER_D).map(|number| SubjectItem {
        name: format!("item {}", number % 5).into(),
        size: SubjectSize::try_from(number % 4).unwrap_or(SubjectSize::Large),
        count: u32::try_from(number).unwrap_or(0) + 1,
        price: NUMBER_B + number * 3,
        tags: ["new", "SUBJECT"].into_iter().take((number % 3) as usize).collect(),
    }));
    let tags: usize = shelf.items.iter().map(|item| item.tags.len()).sum();
    let groups = shelf.grouped();
    let large = groups.get(&SubjectSize::Large).map_or(0, Vec::len);
    let text = order(&shelf, NUMBER_C + value);
    format!("{text}, worth {}, {large} large, {tags} tags", shelf.value())
}
