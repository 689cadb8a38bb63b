//! All tests that the documentation names as proofs exist.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{files, sources};

/// The columns of a table row: id, what must happen, proof.
fn row(line: &str) -> Option<(&str, &str)> {
    let columns: Vec<&str> =
        line.strip_prefix('|')?.trim_end().strip_suffix('|')?.split('|').map(str::trim).collect();
    match columns[..] {
        [id, _, proof] if id != "id" && !id.starts_with("---") => Some((id, proof)),
        _ => None,
    }
}

/// The names of tests in a proof: what is between backticks, without their modules.
fn tests(proof: &str) -> Vec<&str> {
    proof.split('`').skip(1).step_by(2).filter_map(|path| path.rsplit("::").next()).collect()
}

/// All functions of the sources and the tests.
fn functions() -> BTreeSet<String> {
    let texts = ["src", "crates", "tests"]
        .into_iter()
        .flat_map(sources)
        .map(|path| fs::read_to_string(path).unwrap());
    texts
        .flat_map(|text| {
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            names.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_proof_names_a_test_that_exists() {
    let functions = functions();
    let mut ids = BTreeSet::new();
    let mut faults = Vec::new();
    for path in files("docs/proof", "md") {
        let text = fs::read_to_string(&path).unwrap();
        let rows = text.lines().enumerate().filter_map(|(n, line)| row(line).map(|row| (n + 1, row)));
        for (line, (id, proof)) in rows {
            let mut fault = |what: String| faults.push(format!("{}:{line}: {id}: {what}", path.display()));
            if !ids.insert(id.to_owned()) {
                fault("is a duplicate".to_owned());
            }
            let tests = tests(proof);
            // The link check covers whether the page exists.
            if tests.is_empty() && !proof.contains("](") {
                fault("has neither a test nor a page".to_owned());
            }
            for test in tests.into_iter().filter(|test| !functions.contains(*test)) {
                fault(format!("there is no test {test}"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_row_is_read_as_id_and_proof() {
    assert_eq!(row("| RT-01 | works once | `a::b_c`, `d` |"), Some(("RT-01", "`a::b_c`, `d`")));
    assert_eq!(row("| id | what must happen | proof |"), None);
    assert_eq!(row("| --- | --- | --- |"), None);
    assert_eq!(row("text"), None);
    assert_eq!(tests("`a::b_c`, `d`"), ["b_c", "d"]);
    assert!(functions().contains("a_row_is_read_as_id_and_proof"));
}
