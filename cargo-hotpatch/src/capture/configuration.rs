//! The few settings of cargo that the tool has to know in advance: the user's own wrapper, the target, link-time
//! optimisation. Everything else stays cargo's business.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The configuration that cargo would read in one directory, nearest first: `--config`, then `.cargo/config.toml`
/// of the directory and of those above, then of cargo's home.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    layers: Vec<Layer>,
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone)]
struct Layer {
    table: toml::Table,
    /// What relative paths in this layer are relative to.
    base: PathBuf,
}

impl Configuration {
    /// Reads the configuration for cargo started in `directory` with these `--config` values.
    ///
    /// # Errors
    /// When a file cannot be read. A file that is not TOML is cargo's to complain about, and skipped here.
    pub fn load(directory: &Path, command_line: &[OsString]) -> Result<Self> {
        let mut configuration = Self::default();
        for value in command_line.iter().rev() {
            let path = directory.join(value);
            if path.is_file() {
                configuration.add_file(&path, directory)?;
            } else if let Some(Ok(table)) = value.to_str().map(str::parse::<toml::Table>) {
                configuration.layers.push(Layer {
                    table,
                    base: directory.to_owned(),
                });
            }
        }
        let mut seen = HashSet::new();
        let home = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        let mut places: Vec<(PathBuf, PathBuf)> = directory
            .ancestors()
            .map(|above| (above.join(".cargo"), above.to_owned()))
            .collect();
        if let Some(home) = home {
            places.push((home.clone(), home.parent().unwrap_or(&home).to_owned()));
        }
        for (place, base) in places {
            if !seen.insert(place.clone()) {
                continue;
            }
            // cargo prefers the name without extension when both are there.
            let (old, new) = (place.join("config"), place.join("config.toml"));
            if old.is_file() {
                configuration.add_file(&old, &base)?;
            } else if new.is_file() {
                configuration.add_file(&new, &base)?;
            }
        }
        Ok(configuration)
    }

    fn add_file(&mut self, path: &Path, base: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        self.files.push(path.to_owned());
        if let Ok(table) = text.parse() {
            self.layers.push(Layer {
                table,
                base: base.to_owned(),
            });
        }
        Ok(())
    }

    /// The files that were read.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn find(&self, path: &[&str]) -> Option<(&toml::Value, &Path)> {
        self.layers
            .iter()
            .find_map(|layer| Some((find_in(&layer.table, path)?, layer.base.as_path())))
    }

    /// The variables of `[env]` that cargo sets for what it runs. `is_set` tells which ones its own environment has: these
    /// it replaces only by force. The nearest file wins, for each variable by itself.
    #[must_use]
    pub fn variables(&self, is_set: &dyn Fn(&str) -> bool) -> Vec<(OsString, OsString)> {
        let mut seen = HashSet::new();
        let mut variables = Vec::new();
        for layer in &self.layers {
            let table = layer.table.get("env").and_then(toml::Value::as_table);
            for (name, setting) in table.into_iter().flatten() {
                if !seen.insert(name.clone()) {
                    continue;
                }
                let flag = |flag: &str| {
                    let flag = setting.get(flag).and_then(toml::Value::as_bool);
                    flag.unwrap_or(false)
                };
                let value = setting.as_str().or_else(|| setting.get("value")?.as_str());
                let Some(value) = value.filter(|_| flag("force") || !is_set(name)) else {
                    continue;
                };
                let value = if flag("relative") {
                    layer.base.join(value).into_os_string()
                } else {
                    value.into()
                };
                variables.push((name.into(), value));
            }
        }
        variables
    }

    /// A `RUSTC_WORKSPACE_WRAPPER` of the user's own. Called between our wrapper and rustc.
    #[must_use]
    pub fn user_wrapper(&self, environment: &dyn Fn(&str) -> Option<OsString>) -> Option<OsString> {
        for name in [
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
        ] {
            if let Some(value) = environment(name) {
                // An empty variable means none, and hides the files.
                return (!value.is_empty()).then_some(value);
            }
        }
        let (value, base) = self.find(&["build", "rustc-workspace-wrapper"])?;
        let value = value.as_str().filter(|value| !value.is_empty())?;
        Some(if value.contains('/') {
            base.join(value).into_os_string()
        } else {
            value.into()
        })
    }

    /// The targets that the user chose, if any.
    #[must_use]
    pub fn targets(&self, environment: &dyn Fn(&str) -> Option<OsString>) -> Vec<String> {
        if let Some(value) = environment("CARGO_BUILD_TARGET") {
            return vec![value.to_string_lossy().into_owned()];
        }
        match self.find(&["build", "target"]) {
            Some((toml::Value::String(target), _)) => vec![target.clone()],
            Some((toml::Value::Array(targets), _)) => targets
                .iter()
                .filter_map(|target| target.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What starts programs that are built for `triple`, and its arguments; empty if nothing does.
    #[must_use]
    pub fn runner(
        &self,
        triple: &str,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Vec<OsString> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let name = triple.to_uppercase().replace(['-', '.'], "_");
        let variable = environment(&format!("CARGO_TARGET_{name}_RUNNER"));
        if let Some(variable) = variable {
            let words: Vec<String> = words(&variable.to_string_lossy());
            return words.into_iter().map(OsString::from).collect();
        }
        let Some((setting, base)) = self.find(&["target", triple, "runner"]) else {
            return Vec::new();
        };
        let words: Vec<String> = match setting {
            toml::Value::String(text) => words(text),
            toml::Value::Array(list) => {
                let texts = list.iter().filter_map(toml::Value::as_str);
                texts.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        let mut words = words.into_iter().map(OsString::from);
        let program = words.next().map(|program| {
            if program.to_string_lossy().contains('/') {
                base.join(&program).into_os_string()
            } else {
                program
            }
        });
        program.into_iter().chain(words).collect()
    }

    /// The conditions, `cfg(…)`, under which there is a runner.
    #[must_use]
    pub fn conditional_runners(&self) -> Vec<String> {
        let tables = self.layers.iter().filter_map(|layer| {
            let targets = layer.table.get("target")?.as_table()?;
            Some(targets.iter())
        });
        tables
            .flatten()
            .filter(|(name, settings)| name.starts_with("cfg(") && settings.get("runner").is_some())
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Whether `profile` is built with fat or thin link-time optimisation, by configuration, environment, or the
    /// workspace's `manifest`.
    #[must_use]
    pub fn has_lto(
        &self,
        profile: &str,
        manifest: &toml::Table,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> bool {
        let mut seen = HashSet::new();
        let mut profile = profile.to_owned();
        // A chain of `inherits`; a circle is an error that cargo reports.
        while seen.insert(profile.clone()) {
            let variable = format!(
                "CARGO_PROFILE_{}_LTO",
                profile.to_uppercase().replace('-', "_")
            );
            let path = ["profile", profile.as_str(), "lto"];
            let setting = environment(&variable)
                .map(|value| toml::Value::String(value.to_string_lossy().into_owned()))
                .or_else(|| self.find(&path).map(|(value, _)| value.clone()))
                .or_else(|| find_in(manifest, &path).cloned());
            if let Some(setting) = setting {
                return match setting {
                    toml::Value::Boolean(on) => on,
                    toml::Value::String(kind) => matches!(kind.as_str(), "fat" | "thin" | "true"),
                    _ => false,
                };
            }
            let path = ["profile", profile.as_str(), "inherits"];
            let parent = self
                .find(&path)
                .map(|(value, _)| value)
                .or_else(|| find_in(manifest, &path))
                .and_then(|value| value.as_str().map(str::to_owned));
            match parent {
                Some(parent) => profile = parent,
                None => break,
            }
        }
        false
    }
}

fn find_in<'a>(table: &'a toml::Table, path: &[&str]) -> Option<&'a toml::Value> {
    let (last, parents) = path.split_last()?;
    let mut table = table;
    for parent in parents {
        table = table.get(*parent)?.as_table()?;
    }
    table.get(*last)
}

/// The real environment, for the functions of [`Configuration`].
#[must_use]
pub fn process_environment(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    // A session that was started from within a build of another session.
    let is_ours = super::wrapper::role(OsStr::new(&value)) == super::wrapper::Role::Wrapper;
    (!is_ours).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &str) -> Option<OsString> {
        None
    }

    fn with_config(text: &str) -> (tempfile::TempDir, Configuration) {
        let directory = tempfile::tempdir().expect("temporary directory");
        std::fs::create_dir_all(directory.path().join(".cargo")).expect("created");
        std::fs::write(directory.path().join(".cargo/config.toml"), text).expect("written");
        let inner = directory.path().join("a/b");
        std::fs::create_dir_all(&inner).expect("created");
        let configuration = Configuration::load(&inner, &[]).expect("loads");
        (directory, configuration)
    }

    #[test]
    fn the_users_wrapper_is_found_in_files_and_hidden_by_the_environment() {
        let (directory, configuration) =
            with_config("[build]\nrustc-workspace-wrapper = 'tools/w'\ntarget = 'x'");
        assert_eq!(
            configuration.user_wrapper(&nothing),
            Some(directory.path().join("tools/w").into())
        );
        let environment = |name: &str| (name == "RUSTC_WORKSPACE_WRAPPER").then(|| "other".into());
        assert_eq!(
            configuration.user_wrapper(&environment),
            Some("other".into())
        );
        let environment = |name: &str| (name == "RUSTC_WORKSPACE_WRAPPER").then(OsString::new);
        assert_eq!(configuration.user_wrapper(&environment), None);
        assert_eq!(configuration.targets(&nothing), ["x"]);
    }

    #[test]
    fn variables_are_set_as_cargo_sets_them() {
        let (directory, mut configuration) = with_config(
            "[env]\nPLAIN = 'a'\nOURS = 'file'\nFORCED = { value = 'b', force = true }\n\
             PLACE = { value = 'data/x', relative = true }\nNEAR = 'far'",
        );
        configuration.layers.insert(
            0,
            Layer {
                table: "env.NEAR = 'near'".parse().expect("toml"),
                base: "/elsewhere".into(),
            },
        );
        let mut found = configuration.variables(&|name| name == "OURS" || name == "FORCED");
        found.sort();
        let expected: Vec<(OsString, OsString)> = vec![
            ("FORCED".into(), "b".into()),
            ("NEAR".into(), "near".into()),
            ("PLACE".into(), directory.path().join("data/x").into()),
            ("PLAIN".into(), "a".into()),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_runner_is_found_as_text_and_as_a_list() {
        let (directory, configuration) = with_config(
            "[target.here]\nrunner = 'tools/run -a b'\n[target.there]\nrunner = ['run', 'a b']\n\
             [target.'cfg(unix)']\nrunner = 'other'\n[target.'cfg(windows)']\nlinker = 'x'",
        );
        let tool = directory.path().join("tools/run").into_os_string();
        let expected = [tool, "-a".into(), "b".into()];
        assert_eq!(configuration.runner("here", &nothing), expected);
        assert_eq!(configuration.runner("there", &nothing), ["run", "a b"]);
        assert!(configuration.runner("nowhere", &nothing).is_empty());
        let environment =
            |name: &str| (name == "CARGO_TARGET_A_B_RUNNER").then(|| "run  fast".into());
        assert_eq!(configuration.runner("a-b", &environment), ["run", "fast"]);
        assert_eq!(configuration.conditional_runners(), ["cfg(unix)"]);
    }

    #[test]
    fn lto_is_found_through_inherited_profiles() {
        let manifest: toml::Table =
            "[profile.release]\nlto = 'thin'\n[profile.mine]\ninherits = 'release'\n[profile.off]\ninherits = 'release'\nlto = 'off'\n[profile.dev]\nlto=false"
                .parse()
                .expect("toml");
        let configuration = Configuration::default();
        for (profile, expected) in [
            ("release", true),
            ("mine", true),
            ("off", false),
            ("dev", false),
            ("none", false),
        ] {
            assert_eq!(
                configuration.has_lto(profile, &manifest, &nothing),
                expected,
                "{profile}"
            );
        }
        let environment = |name: &str| (name == "CARGO_PROFILE_RELEASE_LTO").then(|| "off".into());
        assert!(!configuration.has_lto("mine", &manifest, &environment));
    }
}
