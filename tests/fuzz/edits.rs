//! Random programs, and random edits of them.

use crate::model::{Item, Kind, Krate, Module, Part, Piece, Program, Save, Step, Sub, Ty};
use crate::random::Random;

/// Makes programs and their next states.
pub(crate) struct Generator {
    random: Random,
    kinds: Vec<Kind>,
    next_item: u32,
    next_k: u32,
    /// Earlier states, for reverts.
    history: Vec<Program>,
    current: Program,
}

/// What an edit was: its name, and whether it can be patched for certain.
type Done = Option<(String, bool)>;

impl Generator {
    pub(crate) fn new(seed: u64, kinds: &[Kind]) -> Self {
        let mut generator = Self {
            random: Random::new(seed),
            kinds: kinds.to_vec(),
            next_item: 1,
            next_k: 10,
            history: Vec::new(),
            current: Program {
                items: std::collections::BTreeMap::new(),
                modules: Vec::new(),
                broken: None,
            },
        };
        generator.first_program();
        generator
    }

    /// The state of the source that the session starts with.
    pub(crate) fn first_step(&self) -> Step {
        Step {
            label: "start".to_owned(),
            patchable: true,
            save: Save::InPlace,
            program: self.current.clone(),
        }
    }

    fn first_program(&mut self) {
        let of = |krate| Module {
            krate,
            pieces: Vec::new(),
            comments: 0,
        };
        let counts = [
            (Krate::Low, 1 + self.random.below(2)),
            (Krate::Mid, self.random.below(2)),
            (Krate::Lib, 1 + self.random.below(2)),
            (Krate::Bin, 1 + self.random.below(3)),
        ];
        for (krate, count) in counts {
            for _ in 0..count {
                self.current.modules.push(of(krate));
            }
        }
        let items = 6 + self.random.below(9);
        for _ in 0..items {
            self.add();
        }
    }

    fn fresh_k(&mut self) -> u32 {
        self.next_k += 2;
        self.next_k
    }

    fn ty(&mut self) -> Ty {
        *self.random.pick(&Ty::ALL).unwrap_or(&Ty::U64)
    }

    fn sub(&mut self, id: u32) -> Sub {
        // Equal types are the harder case.
        let ty = if self.random.percent(50) {
            Ty::U64
        } else {
            self.ty()
        };
        Sub {
            id,
            k: self.fresh_k(),
            ty,
        }
    }

    /// Adds an item at random places.
    fn add(&mut self) -> Done {
        let kind = *self.random.pick(&self.kinds)?;
        let same = self
            .current
            .items
            .values()
            .find(|item| item.kind == kind)
            .map(|item| (item.style, item.ty));
        let (mut style, mut ty) = (
            u8::try_from(self.random.below(usize::from(kind.styles()))).unwrap_or(0),
            self.ty(),
        );
        // Likenesses are what is mistaken.
        if let Some((same_style, same_ty)) = same.filter(|_| self.random.percent(50)) {
            style = same_style;
            if self.random.percent(60) {
                ty = same_ty;
            }
        }
        let id = self.next_item;
        self.next_item += 1;
        let subs = if kind.has_subs() {
            (1..=2 + u32::try_from(self.random.below(2)).unwrap_or(0))
                .map(|sub| self.sub(sub))
                .collect()
        } else {
            Vec::new()
        };
        let item = Item {
            kind,
            style,
            name: 0,
            k: self.fresh_k(),
            ty,
            order: u8::try_from(self.random.below(usize::from(kind.orders()))).unwrap_or(0),
            subs,
        };
        let described = item.described();
        self.current.items.insert(id, item);
        self.place(id, kind);
        let patchable = !matches!(kind, Kind::Asm | Kind::Frame);
        Some((format!("add {described}"), patchable))
    }

    /// Puts an item's pieces into modules, each of which can see the one before it.
    fn place(&mut self, id: u32, kind: Kind) {
        let count = self.current.modules.len();
        let mut homes = [
            self.random.below(count),
            self.random.below(count),
            self.random.below(count),
        ];
        // Modules stand in the order of their crates.
        homes.sort_unstable();
        let krate = |index: usize| self.current.modules[index].krate;
        if kind.is_of_one_crate() && krate(homes[0]) != krate(homes[2]) {
            homes = [homes[0]; 3];
        }
        let wanted = u8::try_from(self.random.below(3)).unwrap_or(0);
        let name = self.current.free_name(homes[0], wanted);
        if let Some(item) = self.current.items.get_mut(&id) {
            item.name = name;
        }
        for (part, home) in [Part::Def, Part::Via, Part::Probe].into_iter().zip(homes) {
            if part == Part::Via && !kind.has_via() || part == Part::Probe && kind == Kind::Frame {
                continue;
            }
            let at = self
                .random
                .below(self.current.modules[home].pieces.len() + 1);
            let piece = Piece { item: id, part };
            self.current.modules[home].pieces.insert(at, piece);
        }
    }

    /// The next state.
    pub(crate) fn next_step(&mut self) -> Step {
        let before = self.current.clone();
        let was_broken = self.current.broken.take().is_some();
        let mut label = String::new();
        let mut patchable = true;
        let mut save = match self.random.below(20) {
            0 => Save::Old,
            1 | 2 => Save::Renamed,
            3 => Save::Rapid,
            _ => Save::InPlace,
        };
        let edits = if self.random.percent(15) {
            2 + self.random.below(3)
        } else {
            1
        };
        let mut done = 0;
        // Not every edit is possible in every program.
        for _ in 0..100 {
            if done >= edits && self.current != before {
                break;
            }
            if let Some((what, can_be_patched)) = self.edit() {
                if !label.is_empty() {
                    label.push_str(" + ");
                }
                label.push_str(&what);
                patchable &= can_be_patched;
                done += 1;
            }
        }
        if was_broken {
            label = format!("mend + {label}");
            patchable = false;
        }
        if self.current.broken.is_some() {
            save = Save::InPlace;
        } else {
            self.history.push(before);
        }
        Step {
            label,
            patchable,
            save,
            program: self.current.clone(),
        }
    }

    fn edit(&mut self) -> Done {
        match self.random.below(100) {
            0..30 => self.body(),
            30..40 => self.move_piece(),
            40..52 => self.exchange_pieces(),
            52..56 => self.rename(),
            56..58 => self.exchange_names(),
            58..63 => self.move_to_module(),
            63..69 => self.add(),
            69..74 => self.remove(),
            74..78 => self.change_type(),
            78..82 => self.change_order(),
            82..91 => self.blocks(),
            91..93 => self.exchange_orders(),
            93..95 => self.restyle(),
            95..97 => self.revert(),
            97..99 => self.comment(),
            _ => self.break_text(),
        }
    }

    fn random_item(&mut self, wanted: impl Fn(&Item) -> bool) -> Option<u32> {
        let ids: Vec<u32> = self
            .current
            .items
            .iter()
            .filter(|(_, item)| wanted(item))
            .map(|(id, _)| *id)
            .collect();
        self.random.pick(&ids).copied()
    }

    fn body(&mut self) -> Done {
        // Without a destructor there is no body.
        let id = self.random_item(|item| item.kind != Kind::Drop || item.order == 1)?;
        let k = self.fresh_k();
        let index = self.random.next();
        let item = self.current.items.get_mut(&id)?;
        let what = format!("body {}", item.described());
        if item.subs.is_empty() {
            item.k = k;
        } else {
            let index = usize::try_from(index).unwrap_or(0) % item.subs.len();
            item.subs[index].k = k;
        }
        let kind = item.kind;
        let patchable = !matches!(
            kind,
            Kind::TlConst | Kind::Once | Kind::Asm | Kind::Frame | Kind::Async
        );
        Some((what, patchable))
    }

    /// Puts a piece elsewhere in its module.
    fn move_piece(&mut self) -> Done {
        let index = self.random.below(self.current.modules.len());
        let count = self.current.modules[index].pieces.len();
        if count < 2 {
            return None;
        }
        let (from, to) = (self.random.below(count), self.random.below(count));
        if from == to {
            return None;
        }
        let pieces = &mut self.current.modules[index].pieces;
        let piece = pieces.remove(from);
        pieces.insert(to, piece);
        let item = self.current.items.get(&piece.item)?;
        Some((format!("move {} {:?}", item.described(), piece.part), true))
    }

    /// Exchanges two pieces of a module, of one kind where there are such.
    fn exchange_pieces(&mut self) -> Done {
        let index = self.random.below(self.current.modules.len());
        let pieces = &self.current.modules[index].pieces;
        let first = self.random.below(pieces.len());
        let one = *pieces.get(first)?;
        let kind = self.current.items.get(&one.item)?.kind;
        let alike: Vec<usize> = (0..pieces.len())
            .filter(|other| *other != first && pieces[*other].part == one.part)
            .filter(|other| {
                let item = self.current.items.get(&pieces[*other].item);
                item.is_some_and(|item| item.kind == kind)
            })
            .collect();
        let second = match self.random.pick(&alike) {
            Some(second) => *second,
            None => self.random.below(pieces.len()),
        };
        if first == second {
            return None;
        }
        self.current.modules[index].pieces.swap(first, second);
        let item = self.current.items.get(&one.item)?;
        Some((
            format!("exchange {} {:?}", item.described(), one.part),
            true,
        ))
    }

    fn rename(&mut self) -> Done {
        let id = self.random_item(|_| true)?;
        let home = self.current.module_of(id, Part::Def)?;
        let wanted = u8::try_from(self.random.below(6)).unwrap_or(0);
        let name = self.current.free_name(home, wanted);
        let item = self.current.items.get_mut(&id)?;
        item.name = name;
        Some((
            format!("rename {}", item.described()),
            item.kind.is_stateless(),
        ))
    }

    /// Two items of one module and one text, but for their numbers, exchange their names.
    fn exchange_names(&mut self) -> Done {
        let id = self.random_item(|item| item.kind.is_stateless())?;
        let one = self.current.items.get(&id)?.clone();
        let home = self.current.module_of(id, Part::Def);
        let others: Vec<u32> = self
            .current
            .items
            .iter()
            .filter(|(other, item)| **other != id && item.kind == one.kind)
            .filter(|(other, _)| self.current.module_of(**other, Part::Def) == home)
            .map(|(other, _)| *other)
            .collect();
        let other = *self.random.pick(&others)?;
        let name = self.current.items.get(&other)?.name;
        self.current.items.get_mut(&id)?.name = name;
        self.current.items.get_mut(&other)?.name = one.name;
        Some((format!("names {}", one.described()), true))
    }

    /// Puts all pieces of an item elsewhere.
    fn move_to_module(&mut self) -> Done {
        let id = self.random_item(|item| item.kind != Kind::Frame)?;
        let kind = self.current.items.get(&id)?.kind;
        for module in &mut self.current.modules {
            module.pieces.retain(|piece| piece.item != id);
        }
        self.place(id, kind);
        let item = self.current.items.get(&id)?;
        Some((
            format!("elsewhere {}", item.described()),
            item.kind.is_stateless(),
        ))
    }

    fn remove(&mut self) -> Done {
        let id = self.random_item(|item| item.kind != Kind::Frame)?;
        let item = self.current.items.get(&id)?.clone();
        self.current.remove(id);
        Some((
            format!("remove {}", item.described()),
            item.kind.is_stateless(),
        ))
    }

    fn change_type(&mut self) -> Done {
        let id = self.random_item(Item::uses_type)?;
        let ty = self.ty();
        let item = self.current.items.get_mut(&id)?;
        item.ty = ty;
        Some((format!("type {}", item.described()), false))
    }

    fn change_order(&mut self) -> Done {
        let id = self.random_item(|item| item.kind.orders() > 1)?;
        let item = self.current.items.get_mut(&id)?;
        let count = usize::from(item.kind.orders());
        item.order = u8::try_from(self.random.below(count)).unwrap_or(0);
        Some((
            format!("order {}", item.described()),
            matches!(item.kind, Kind::Fn | Kind::FnTable),
        ))
    }

    /// Two items of one kind, best of one name, exchange their order.
    fn exchange_orders(&mut self) -> Done {
        let id = self.random_item(|item| item.kind.orders() > 1)?;
        let one = self.current.items.get(&id)?.clone();
        let mut others: Vec<u32> = self
            .current
            .items
            .iter()
            .filter(|(_, item)| item.kind == one.kind && item.order != one.order)
            .map(|(id, _)| *id)
            .collect();
        let namesakes: Vec<u32> = others
            .iter()
            .copied()
            .filter(|id| self.current.items[id].name == one.name)
            .collect();
        if !namesakes.is_empty() {
            others = namesakes;
        }
        let other = *self.random.pick(&others)?;
        let order = self.current.items.get(&other)?.order;
        self.current.items.get_mut(&id)?.order = order;
        self.current.items.get_mut(&other)?.order = one.order;
        Some((format!("orders {}", one.described()), false))
    }

    /// Writes an item in another way: a function becomes generic, say.
    fn restyle(&mut self) -> Done {
        let is_one = |item: &Item| item.kind.is_stateless() && item.kind.styles() > 1;
        let id = self.random_item(is_one)?;
        let item = self.current.items.get(&id)?;
        let style = self.random.below(usize::from(item.kind.styles()));
        let item = self.current.items.get_mut(&id)?;
        let what = format!("style {}", item.described());
        item.style = u8::try_from(style).unwrap_or(0);
        // The type of a static is another one.
        let patchable = !matches!(item.kind, Kind::Imm | Kind::FnTable);
        Some((what, patchable))
    }

    /// Edits the blocks of a function: exchanges two, adds, removes, changes a type.
    fn blocks(&mut self) -> Done {
        let id = self.random_item(|item| item.kind.has_subs())?;
        let how = self.random.below(10);
        let (one, other) = (self.random.below(100), self.random.below(100));
        let ty = self.ty();
        let next = {
            let item = self.current.items.get(&id)?;
            1 + item.subs.iter().map(|sub| sub.id).max().unwrap_or(0)
        };
        // An id that was removed must not come again: its values are still there.
        let added = self.sub(next.max(self.next_item));
        let item = self.current.items.get_mut(&id)?;
        let described = item.described();
        let count = item.subs.len();
        let what = match how {
            0..6 if count > 1 && one % count != other % count => {
                item.subs.swap(one % count, other % count);
                "blocks exchanged"
            }
            6 | 7 => {
                self.next_item += 1;
                item.subs.insert(one % (count + 1), added);
                "block added"
            }
            8 if count > 1 => {
                item.subs.remove(one % count);
                "block removed"
            }
            9 if count > 0 && item.kind != Kind::LocalFns => {
                item.subs[one % count].ty = ty;
                "block's type"
            }
            _ => return None,
        };
        Some((format!("{what} {described}"), false))
    }

    fn revert(&mut self) -> Done {
        let earlier = self.random.pick(&self.history)?.clone();
        if earlier == self.current {
            return None;
        }
        self.current = earlier;
        Some(("revert".to_owned(), false))
    }

    fn comment(&mut self) -> Done {
        let index = self.random.below(self.current.modules.len());
        let lines = u32::try_from(self.random.below(4)).unwrap_or(0);
        let module = &mut self.current.modules[index];
        if module.comments == lines {
            return None;
        }
        module.comments = lines;
        Some(("comment".to_owned(), true))
    }

    fn break_text(&mut self) -> Done {
        let index = self.random.below(self.current.modules.len());
        self.current.broken = Some(index);
        Some(("broken".to_owned(), false))
    }
}
