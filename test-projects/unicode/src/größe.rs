const TIER: &str = "🦀";

pub fn grüße(name: &str) -> String {
    format!("grüße, {name} {TIER}")
}
