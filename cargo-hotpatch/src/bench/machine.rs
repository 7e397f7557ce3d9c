//! On what was measured, and whether others kept it busy meanwhile. Facts are read from `/proc` and `/sys`; what is not
//! there is not said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Serialize;

/// Above this share of all processors, others disturb too much.
pub const BUSY: f64 = 0.10;
/// How long is looked before it is said that nobody else is busy.
pub const LOOK: Duration = Duration::from_secs(2);
/// How often, before it is said that others are busy.
pub const LOOKS: usize = 5;

/// The machine and the tools on it.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// As the kernel names the first one.
    pub processor: String,
    /// How many of them this process may use.
    pub processors: usize,
    /// Physical memory.
    pub memory_mib: u64,
    /// Its name and release.
    pub kernel: String,
    /// The distribution, as `/etc/os-release` names it.
    pub system: Option<String>,
    /// Whether the processor says that it is a virtual one.
    pub virtual_machine: bool,
    /// How the processor's frequency is chosen, where that can be told.
    pub governor: Option<String>,
    /// `rustc --version`.
    pub rustc: String,
    /// `cargo --version`.
    pub cargo: String,
    /// This tool's version.
    pub tool: &'static str,
    /// Whether this tool was itself built with optimisation.
    pub tool_is_optimised: bool,
    /// The load average of the last minute, when the run began.
    pub load: Option<f64>,
}

impl Machine {
    /// This one. `cargo` is asked for its version, and `rustc` beside it.
    #[must_use]
    pub fn here(cargo: &Path) -> Self {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let rustc = std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
        Self {
            processor: field(&processors, "model name")
                .unwrap_or("unknown")
                .to_owned(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: fs::read_to_string("/proc/meminfo")
                .ok()
                .and_then(|text| memory_mib(&text))
                .unwrap_or(0),
            kernel: kernel(),
            system: fs::read_to_string("/etc/os-release")
                .ok()
                .and_then(|text| system(&text)),
            virtual_machine: field(&processors, "flags")
                .is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            governor: fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
                .ok()
                .map(|governor| governor.trim().to_owned()),
            rustc: version(&rustc),
            cargo: version(cargo),
            tool: env!("CARGO_PKG_VERSION"),
            tool_is_optimised: !cfg!(debug_assertions),
            load: load(),
        }
    }

    /// What makes numbers from here worth less, apart from who else is busy.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.tool_is_optimised {
            remarks.push(
                "this cargo-hotpatch was built without optimisation: every stage but `compile` is slower than it has to be"
                    .to_owned(),
            );
        }
        if self.governor.as_deref() == Some("powersave") && !intel_pstate() {
            remarks.push(
                "the processors save power (governor `powersave`): they are slower than they could be"
                    .to_owned(),
            );
        }
        remarks
    }
}

/// There `powersave` is the ordinary governor, and not a slow one.
fn intel_pstate() -> bool {
    fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver")
        .is_ok_and(|driver| driver.starts_with("intel_pstate"))
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn memory_mib(meminfo: &str) -> Option<u64> {
    let kib = field(meminfo, "MemTotal")?.strip_suffix("kB")?.trim();
    Some(kib.parse::<u64>().ok()? / 1024)
}

fn kernel() -> String {
    ["ostype", "osrelease"]
        .map(|file| fs::read_to_string(format!("/proc/sys/kernel/{file}")).unwrap_or_default())
        .map(|text| text.trim().to_owned())
        .join(" ")
}

fn system(os_release: &str) -> Option<String> {
    os_release.lines().find_map(|line| {
        let name = line.strip_prefix("PRETTY_NAME=")?;
        Some(name.trim_matches('"').to_owned())
    })
}

fn version(program: &Path) -> String {
    Command::new(program)
        .arg("--version")
        .output()
        .ok()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .filter(|version| !version.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The load average of the last minute.
#[must_use]
pub fn load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// How much the processors have done up to a moment, in clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// By anybody, and by other machines on the same hardware while this one wanted to run.
    busy: u64,
    /// Everything, idling as well.
    all: u64,
    /// By this process, by its children that have ended, and by those that were named.
    ours: u64,
}

impl Work {
    /// Up to now. `children` are processes that run on our behalf; their own children that have ended count with them.
    #[must_use]
    pub fn up_to_now(children: &[u32]) -> Option<Self> {
        let (busy, all) = processors(&fs::read_to_string("/proc/stat").ok()?)?;
        let ours = std::iter::once("self".to_owned())
            .chain(children.iter().map(ToString::to_string))
            .filter_map(|process| fs::read_to_string(format!("/proc/{process}/stat")).ok())
            .filter_map(|text| process(&text))
            .sum();
        Some(Self { busy, all, ours })
    }

    /// The share of all processors that others used from `self` to `later`, from 0 to 1. None if too little time went by.
    #[must_use]
    pub fn of_others_until(self, later: Self) -> Option<f64> {
        let difference = |early: u64, late: u64| late.saturating_sub(early);
        let all = difference(self.all, later.all);
        let others =
            difference(self.busy, later.busy).saturating_sub(difference(self.ours, later.ours));
        // Below this many ticks one that falls on the wrong side would decide.
        (all >= 50).then(|| as_share(others, all))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "ticks of a span of time are far below 2^52"
)]
fn as_share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Busy ticks and all ticks, from the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
/// (What guests use is in user already.)
fn processors(stat: &str) -> Option<(u64, u64)> {
    let ticks: Vec<u64> = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .take(8)
        .map_while(|ticks| ticks.parse().ok())
        .collect();
    let &[user, nice, system, idle, iowait, irq, softirq, steal] = &ticks[..] else {
        return None;
    };
    let busy = user + nice + system + irq + softirq + steal;
    Some((busy, busy + idle + iowait))
}

/// Ticks of a process and of its children that have ended, from `/proc/PID/stat`.
fn process(stat: &str) -> Option<u64> {
    // The name is in parentheses and may hold anything. Behind it, utime to cstime are the fields 12 to 15.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .skip(11)
        .take(4)
        .map_while(|ticks| ticks.parse().ok())
        .collect();
    (ticks.len() == 4).then(|| ticks.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_known() {
        let machine = Machine::here(Path::new("cargo"));
        assert!(machine.processors > 0 && machine.memory_mib > 0);
        assert!(machine.kernel.starts_with("Linux "), "{}", machine.kernel);
        assert!(machine.cargo.starts_with("cargo "), "{}", machine.cargo);
        assert!(load().is_some_and(|load| load >= 0.0));
    }

    #[test]
    fn the_formats_of_proc_are_understood() {
        let stat = "cpu  10 20 30 400 50 6 7 8 900 1000\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(processors(stat), Some((81, 531)));
        assert_eq!(processors("cpu  10 20"), None);
        let stat = "42 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 100 20 3 4 20 0 1";
        assert_eq!(process(stat), Some(127));
        assert_eq!(process("42 (x) S 1 2"), None);
        assert_eq!(memory_mib("MemTotal:       2048 kB\n"), Some(2));
        assert_eq!(
            system("NAME=x\nPRETTY_NAME=\"An OS 12\"\n").as_deref(),
            Some("An OS 12")
        );
    }

    #[test]
    fn ones_own_work_is_not_anothers() {
        let early = Work {
            busy: 1000,
            all: 2000,
            ours: 500,
        };
        let later = |busy, ours| Work {
            busy,
            all: 2200,
            ours,
        };
        assert_eq!(early.of_others_until(later(1100, 600)), Some(0.0));
        assert_eq!(early.of_others_until(later(1100, 550)), Some(0.25));
        // The two files are not read at one instant.
        assert_eq!(early.of_others_until(later(1100, 601)), Some(0.0));
        assert_eq!(early.of_others_until(early), None);
    }

    #[test]
    fn a_busy_child_counts_as_ours() {
        let mut child = Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .spawn()
            .expect("a shell");
        let before = Work::up_to_now(&[child.id()]).expect("proc");
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        let seen = loop {
            std::thread::sleep(Duration::from_millis(20));
            let after = Work::up_to_now(&[child.id()]).expect("proc");
            if after.ours >= before.ours + 5 || std::time::Instant::now() > deadline {
                break after;
            }
        };
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(seen.ours >= before.ours + 5, "{before:?} {seen:?}");
    }
}
