//! Paths in source files, from their tokens.

use std::path::Path;

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// A path in a source, from the root of its crate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) line: usize,
    /// The module that contains the path, including inline modules.
    pub(crate) within: Vec<String>,
    pub(crate) path: Vec<String>,
}

/// The module of a file below `root`: `http::token` for `src/http/token.rs`, `http` for `src/http/mod.rs`.
pub(crate) fn module_of(root: &str, file: &Path) -> Vec<String> {
    let stem = file.strip_prefix(root).unwrap().with_extension("");
    let mut names: Vec<String> = stem.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if ["lib", "main", "mod"].contains(&names.last().unwrap().as_str()) {
        names.pop();
    }
    names
}

/// Every path with a `::` in `text`, the source of `module`. One that begins with neither `crate`, `crate_name`, `self`
/// nor `super` is taken as relative to its module: a child module, or an item in scope there.
pub(crate) fn imports(text: &str, module: &[String], crate_name: &str) -> Vec<Import> {
    let mut reader = Reader { crate_name, within: module.to_vec(), found: Vec::new() };
    reader.read(text.parse().unwrap());
    reader.found
}

struct Reader<'a> {
    crate_name: &'a str,
    within: Vec<String>,
    found: Vec<Import>,
}

impl Reader<'_> {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at..] {
                [TokenTree::Ident(keyword), TokenTree::Ident(name), TokenTree::Group(body), ..]
                    if keyword == "mod" =>
                {
                    self.within.push(name.to_string());
                    self.read(body.stream());
                    self.within.pop();
                    at + 3
                }
                [TokenTree::Ident(first), rest @ ..] if begins_with_colons(rest) => {
                    let path = self.begin(first);
                    self.follow(&tokens, at, first, path)
                }
                [TokenTree::Group(group), ..] => {
                    self.read(group.stream());
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// The base module of a path that starts with this name.
    fn begin(&self, first: &Ident) -> Vec<String> {
        if first == "crate" || first == self.crate_name { Vec::new() } else { self.within.clone() }
    }

    /// Continues a path at `at`, including groups; returns the end position.
    fn follow(&mut self, tokens: &[TokenTree], mut at: usize, first: &Ident, mut path: Vec<String>) -> usize {
        loop {
            match &tokens[at..] {
                [TokenTree::Ident(name), rest @ ..] => {
                    if name == "super" {
                        path.pop();
                    } else if !(name == "self" || name == "crate" || name == self.crate_name) {
                        path.push(name.to_string());
                    }
                    if begins_with_colons(rest) {
                        at += 3;
                        continue;
                    }
                    at += 1;
                }
                [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Brace => {
                    let paths: Vec<TokenTree> = group.stream().into_iter().collect();
                    for one in paths.split(|token| is(token, ',')).filter(|one| !one.is_empty()) {
                        self.follow(one, 0, first, path.clone());
                    }
                    return at + 1;
                }
                // `*`, or the `<` of a generic argument.
                _ => {}
            }
            self.found.push(Import { line: first.span().start().line, within: self.within.clone(), path });
            return at;
        }
    }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn begins_with_colons(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [one, two, ..] if is(one, ':') && is(two, ':'))
}

#[test]
fn paths_are_read_from_the_root_of_the_crate() {
    let text = "use super::{answer, super::keys::{self, Set}};\n// crate::pages\n\
        mod tests {\n    use super::super::admin;\n}\n\
        fn f() { format!(\"{}\", crate::web::y::<crate::store::Z>()) }\nuse child::*;\nlet x: u8 = 1;";
    let module = module_of("src", Path::new("src/http/token.rs"));
    let found = imports(text, &module, "keystiled");
    let paths: Vec<_> = found.iter().map(|import| (import.line, import.path.join("::"))).collect();
    let expected = [
        (1, "http::answer"),
        (1, "keys"),
        (1, "keys::Set"),
        (4, "http::admin"),
        (6, "web::y"),
        (6, "store::Z"),
        (7, "http::token::child"),
    ];
    assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
    assert_eq!(found[3].within, ["http", "token", "tests"]);
    assert_eq!(module_of("src", Path::new("src/http/mod.rs")), ["http"]);
    assert_eq!(imports("use keystiled::serve;", &[], "keystiled")[0].path, ["serve"]);
}
