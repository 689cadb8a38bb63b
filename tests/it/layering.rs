//! The architecture: floors of the server, dependencies of packages, and no import cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::imports::{imports, module_of};
use crate::support::sources;

/// The modules of `src/` and their floors.
const FLOORS: [(&str, u8); 13] = [
    ("domain", 0),
    ("config", 0),
    ("supervise", 0),
    ("keys", 1),
    ("store", 1),
    ("grants", 2),
    ("services", 2),
    ("web", 3),
    ("http", 4),
    ("pages", 4),
    ("routes", 5),
    ("serve", 5),
    ("admin", 5),
];

/// Modules without a floor, and exceptions: the modules that each of them may also use.
const ASIDE: [(&str, &[&str]); 4] = [
    ("main", &["admin", "config", "serve"]),
    ("config", &["domain"]),
    ("serve", &["routes"]),
    ("admin", &["serve"]),
];

#[test]
fn a_module_uses_only_lower_floors() {
    let mut faults = Vec::new();
    for path in sources("src") {
        let module = module_of("src", &path);
        // `lib` and `main` are the crate roots.
        let top = module.first().map_or_else(|| path.file_stem().unwrap().to_str().unwrap(), String::as_str);
        let text = fs::read_to_string(&path).unwrap();
        for import in imports(&text, &module, "keystiled") {
            if let Some(other) = import.path.first()
                && top != "lib"
                && !allowed(top, other)
            {
                faults.push(format!("{}:{} {top} names {other}", path.display(), import.line));
            }
        }
    }
    faults.dedup();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn allowed(module: &str, other: &str) -> bool {
    let floor = |name| FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor);
    let below = floor(module).zip(floor(other)).is_some_and(|(this, that)| that < this);
    let known = floor(other).is_some() || ASIDE.iter().any(|(known, _)| *known == other);
    let aside = ASIDE.iter().any(|(name, names)| *name == module && names.contains(&other));
    below || aside || module == other || !known
}

#[test]
fn floors_and_exceptions_are_enforced() {
    assert!(allowed("http", "web") && allowed("config", "domain"));
    assert!(!allowed("http", "pages") && !allowed("store", "keys") && !allowed("domain", "config"));
    assert!(allowed("main", "serve") && !allowed("main", "store"));
}

/// The packages, and the packages of this workspace that each may depend on, including for tests.
const PACKAGES: [(&str, &[&str]); 7] = [
    (".", &["keystile", "keystile-key-format"]),
    ("crates/keystile", &["keystile-key-format"]),
    ("crates/keystile-cli", &["keystile"]),
    ("crates/keystile-key-format", &[]),
    ("examples/weather", &["keystile"]),
    ("examples/weather-own-client", &["keystile"]),
    ("examples/weather-sync", &["keystile"]),
];

fn manifest(folder: &str) -> toml::Table {
    fs::read_to_string(Path::new(folder).join("Cargo.toml")).unwrap().parse().unwrap()
}

/// The names of all dependencies of a package, by the kind of table: `dependencies`, `dev-dependencies`.
fn dependencies(manifest: &toml::Table) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables = targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
    for table in tables.chain([manifest]) {
        for (kind, listed) in table.iter().filter(|(kind, _)| kind.ends_with("dependencies")) {
            let listed = listed.as_table().unwrap().iter();
            let names = listed.map(|(name, of)| {
                let renamed = of.get("package").and_then(toml::Value::as_str);
                renamed.unwrap_or(name).to_owned()
            });
            found.entry(kind.clone()).or_default().extend(names);
        }
    }
    found
}

#[test]
fn a_package_depends_only_on_the_packages_below_it() {
    let own: Vec<String> = PACKAGES
        .iter()
        .map(|(folder, _)| manifest(folder)["package"]["name"].as_str().unwrap().to_owned())
        .collect();
    for folder in fs::read_dir("crates").unwrap() {
        let folder = folder.unwrap().path();
        assert!(
            PACKAGES.iter().any(|(known, _)| folder == Path::new(known)),
            "{}: not in PACKAGES",
            folder.display()
        );
    }
    for (folder, below) in PACKAGES {
        for name in dependencies(&manifest(folder)).into_values().flatten() {
            let known = !own.contains(&name) || below.contains(&name.as_str());
            assert!(known, "{folder}/Cargo.toml depends on {name}");
        }
    }
    // The server uses the library only in tests.
    assert!(!dependencies(&manifest("."))["dependencies"].contains("keystile"));
    // Secret scanners embed it.
    let expected = BTreeMap::from([("dependencies".to_owned(), BTreeSet::from(["crc32fast".to_owned()]))]);
    assert_eq!(dependencies(&manifest("crates/keystile-key-format")), expected);
}

/// The crates below a package of this workspace, with these arguments for the features.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let fixed =
        ["tree", "--locked", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    let listed = Command::new(cargo).args(fixed).args(arguments).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn ch_21_the_library_without_commands_has_no_crate_of_the_terminal_below_it() {
    let with_commands = tree(&["--package", "keystile"]);
    let of_the_terminal = ["clap", "clap_derive", "signal-hook", "unicode-width"];
    for name in of_the_terminal {
        assert!(with_commands.contains(name), "{name} is not even below the commands");
    }
    let core = ["--package", "keystile", "--no-default-features", "--features", "tower"];
    for arguments in [&core[..], &["--package", "weather-sync"], &["--package", "weather-own-client"]] {
        let below = tree(arguments);
        for name in of_the_terminal.iter().chain(&["openidconnect"]) {
            assert!(!below.contains(*name), "{name} is below {arguments:?}");
        }
        assert!(below.contains("reqwest"), "{below:?}");
    }
}

/// Sources and names of the crates that are checked for import cycles.
const CRATES: [(&str, &str); 3] =
    [("src", "keystiled"), ("crates/keystile/src", "keystile"), ("crates/keystile-cli/src", "keystile_cli")];

/// Allowed imports that close a cycle: a file, what it imports (`*`: anything), and why.
const BACK: [(&str, &str, &str); 8] = [
    ("keystiled::pages::authorize::return_page", "*", "the answer to a request that is gone"),
    ("keystiled::pages::device::answer", "*", "the steps of a sign-in lead to each other"),
    ("keystiled::pages::device::confirm", "*", "the steps of a sign-in lead to each other"),
    ("keystiled::pages::reference::reading", "*", "fills the view of the page"),
    ("keystiled::pages::samples", "*", "lists the samples of all subjects, which use its helpers"),
    ("keystiled::pages::settings::credential_limits", "*", "fills a part of the page beside it"),
    ("keystiled::services::authorization::consent", "*", "a copied code gives less"),
    ("keystiled::web::app", "*", "`App` holds the state of each part, whose functions take `App`"),
];

/// The files of a crate that each file imports, with the line. Imports of enclosing modules do not count (a directory
/// and its module file are one unit), and neither do imports of tests.
fn files_named(root: &str, crate_name: &str) -> BTreeMap<String, BTreeMap<String, usize>> {
    let files: Vec<_> = sources(root).into_iter().map(|path| (module_of(root, &path), path)).collect();
    let known: BTreeSet<&[String]> = files.iter().map(|(module, _)| module.as_slice()).collect();
    let mut found = BTreeMap::<String, BTreeMap<String, usize>>::new();
    for (module, path) in &files {
        for import in imports(&fs::read_to_string(path).unwrap(), module, crate_name) {
            let in_test = import.within.iter().any(|name| name == "tests");
            let mut prefixes = (0..=import.path.len()).rev().map(|length| &import.path[..length]);
            let file = prefixes.find(|path| known.contains(path)).unwrap_or_default();
            if !in_test && !module.starts_with(file) {
                let name = |module: &[String]| format!("{crate_name}::{}", module.join("::"));
                found.entry(name(module)).or_default().entry(name(file)).or_insert(import.line);
            }
        }
    }
    found
}

/// Import cycles, each as a list of files; no import is in two of them.
fn circles(mut named: BTreeMap<String, BTreeMap<String, usize>>) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        // A file that imports none of the remaining ones is in no cycle.
        while let Some(end) = named.iter().find(|(_, names)| names.is_empty()).map(|(file, _)| file.clone()) {
            named.remove(&end);
        }
        let left: BTreeSet<String> = named.keys().cloned().collect();
        let before: usize = named.values().map(BTreeMap::len).sum();
        for names in named.values_mut() {
            names.retain(|name, _| left.contains(name));
        }
        if before != named.values().map(BTreeMap::len).sum::<usize>() {
            continue;
        }
        let Some(mut file) = named.keys().next().cloned() else { return found };
        let mut way = Vec::new();
        while !way.contains(&file) {
            way.push(file.clone());
            file.clone_from(named[&file].keys().next().unwrap());
        }
        let begin = way.iter().position(|one| *one == file).unwrap();
        let steps = way[begin..].iter().map(|one| {
            let line = named[one].values().next().unwrap();
            format!("{one} (line {line}) -> ")
        });
        found.push(steps.chain([file.clone()]).collect());
        named.get_mut(&way[way.len() - 1]).unwrap().remove(&file);
    }
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let mut faults = Vec::new();
    let mut unused: BTreeSet<(&str, &str)> = BACK.iter().map(|(file, names, _)| (*file, *names)).collect();
    for (root, crate_name) in CRATES {
        let mut named = files_named(root, crate_name);
        for (file, names, _) in BACK {
            let used = named.get_mut(file).is_some_and(|named| match names {
                "*" => !std::mem::take(named).is_empty(),
                _ => named.remove(names).is_some(),
            });
            if used {
                unused.remove(&(file, names));
            }
        }
        faults.extend(circles(named));
    }
    faults.extend(unused.into_iter().map(|(file, names)| format!("BACK: {file} does not name {names}")));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn circles_are_found_and_trees_are_not() {
    let named = |pairs: &[(&str, &str)]| {
        let mut map = BTreeMap::<String, BTreeMap<String, usize>>::new();
        for (line, (file, names)) in pairs.iter().enumerate() {
            map.entry((*file).to_owned()).or_default().insert((*names).to_owned(), line);
        }
        map
    };
    assert!(circles(named(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])).is_empty());
    let two = circles(named(&[("a", "b"), ("b", "c"), ("c", "b"), ("x", "y"), ("y", "x"), ("y", "z")]));
    assert_eq!(two, ["b (line 1) -> c (line 2) -> b", "x (line 3) -> y (line 4) -> x"]);
}

#[test]
fn ch_21_the_library_ends_no_process_and_handles_signals_in_one_place() {
    for path in sources("crates/keystile/src") {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let text = code.collect::<Vec<_>>().join("\n");
        for call in ["process::exit", "process::abort", "abort()"] {
            assert!(!text.contains(call), "{} calls {call}", path.display());
        }
        let signals = path.file_name().unwrap() == "signals.rs";
        assert!(signals || !text.contains("tokio::signal"), "{} handles signals", path.display());
    }
}
