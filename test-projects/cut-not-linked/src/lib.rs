pub fn sorted(mut words: Vec<&str>) -> Vec<&str> {
    words.sort();
    words
}

#[allow(unused_variables)]
pub fn longer(words: Vec<&str>, least: usize, most: usize) -> Vec<&str> {
    let first = words.first();
    // SAFETY: the first is looked at only if there is one.
    let first = first.map_or("", |_| unsafe { words.get_unchecked(0) });
    words
        .into_iter()
        .filter(|word| word.len() > least || *word == first)
        .collect()
}
