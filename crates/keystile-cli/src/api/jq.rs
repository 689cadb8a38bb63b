//! `--jq`: filters JSON with the language of jq.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

type Types = data::JustLut<Val>;

/// Checks a filter, so that no request is sent for one that cannot be used.
pub(super) fn check(code: &str) -> Result<(), String> {
    compiled(&Arena::default(), code).map(drop)
}

/// The results of a filter: strings as they are, everything else as JSON, each on a line.
pub(super) fn run(code: &str, json: &[u8]) -> Result<Vec<u8>, String> {
    let arena = Arena::default();
    let filter = compiled(&arena, code)?;
    let input = read::parse_single(json).map_err(|error| format!("the response is not JSON ({error})"))?;
    let context = Ctx::<Types>::new(&filter.lut, Vars::new([]));
    let mut lines = Vec::new();
    for value in filter.id.run((context, input)).map(unwrap_valr) {
        match value.map_err(|error| error.to_string())? {
            Val::TStr(text) => lines.extend_from_slice(&text),
            other => lines.extend_from_slice(other.to_string().as_bytes()),
        }
        lines.push(b'\n');
    }
    Ok(lines)
}

fn compiled<'s>(arena: &'s Arena, code: &'s str) -> Result<Filter<Types>, String> {
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let modules = Loader::new(definitions)
        .load(arena, File { code, path: () })
        .map_err(|_| format!("`{code}` has a syntax error"))?;
    Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        let undefined = errors.iter().flat_map(|(_, errors)| errors).next();
        undefined.map_or_else(
            || "it does not compile".to_owned(),
            |(name, kind)| format!("there is no {} {name}", kind.as_str()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(code: &str, json: &str) -> Result<String, String> {
        run(code, json.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn strings_are_printed_as_they_are_and_the_rest_as_json() {
        let json = r#"{"data":[{"id":"a","n":1},{"id":"b","n":null}]}"#;
        assert_eq!(lines(".data[].id", json).unwrap(), "a\nb\n");
        assert_eq!(lines(".data | map(.n)", json).unwrap(), "[1,null]\n");
        assert_eq!(lines(".data[] | select(.n == 1) | .id | ascii_upcase", json).unwrap(), "A\n");
    }

    #[test]
    fn a_filter_that_cannot_be_used_is_found_before_it_runs() {
        assert!(check(".data[").unwrap_err().contains("syntax error"));
        assert!(check("nothing").unwrap_err().contains("nothing"));
        assert!(lines(".", "not JSON").is_err());
        assert!(lines(".a", "1").is_err());
    }
}
