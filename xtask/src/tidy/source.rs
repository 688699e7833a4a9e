//! Rust source as words and signs, without comments and literals: as much of the language as the checks need.

/// A word (identifier, keyword or number) or a sign, and the line it stands on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) line: usize,
    pub(super) text: String,
}

/// The words and signs of `source` in order. `::` is one sign, every other sign is one character.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut scanner = Scanner {
        rest: source,
        line: 1,
    };
    std::iter::from_fn(|| scanner.next_token()).collect()
}

/// Every path that is written out in `tokens` and starts with `root`, braces expanded: `use std::{fs, sync::Arc}` holds
/// `std::fs` and `std::sync::Arc`.
pub(super) fn paths(tokens: &[Token], root: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let inner = at > 0 && matches!(tokens[at - 1].text.as_str(), "::" | ".");
        let leads_on = tokens.get(at + 1).is_some_and(|next| next.text == "::");
        if tokens[at].text == root && leads_on && !inner {
            expand(&tokens[at..], "", &mut found);
        }
    }
    found
}

/// Adds the paths of one tree of a `use`, which starts with a word; the number of tokens it takes.
fn expand(tokens: &[Token], prefix: &str, found: &mut Vec<(usize, String)>) -> usize {
    let Some(first) = tokens.first().filter(|first| first.text != "}") else {
        return 0;
    };
    let path = format!("{prefix}{}", first.text);
    if tokens.get(1).is_none_or(|next| next.text != "::") {
        found.push((first.line, path));
        return 1;
    }
    let prefix = format!("{path}::");
    if tokens.get(2).is_none_or(|next| next.text != "{") {
        return 2 + expand(&tokens[2..], &prefix, found);
    }
    let mut at = 3;
    while tokens.get(at).is_some_and(|token| token.text != "}") {
        at += expand(&tokens[at..], &prefix, found).max(1);
        let end = tokens[at..]
            .iter()
            .position(|t| t.text == "," || t.text == "}");
        at += end.unwrap_or(tokens.len() - at);
        if tokens.get(at).is_some_and(|token| token.text == ",") {
            at += 1;
        }
    }
    at + 1
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
}

impl Scanner<'_> {
    fn next_token(&mut self) -> Option<Token> {
        loop {
            let first = self.rest.chars().next()?;
            if first.is_whitespace() {
                self.skip(first.len_utf8());
            } else if let Some(length) = not_code(self.rest) {
                self.skip(length);
            } else {
                let length = token_length(self.rest);
                let token = Token {
                    line: self.line,
                    text: self.rest[..length].to_owned(),
                };
                self.skip(length);
                return Some(token);
            }
        }
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }
}

fn token_length(rest: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    match rest {
        _ if word > 0 => word,
        _ if rest.starts_with("::") => 2,
        _ => rest.chars().next().map_or(0, char::len_utf8),
    }
}

/// The length of the comment or literal that `rest` starts with, if it starts with one.
fn not_code(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    // At most two letters stand before a quote: the whole rest is not searched for one.
    let prefix = rest.bytes().take(3).position(|b| b"\"#'".contains(&b))?;
    match &rest[..prefix] {
        "" | "b" | "c" => quoted(rest, prefix),
        "r" | "br" | "cr" => raw_string(rest, prefix),
        _ => None,
    }
}

/// Block comments hold block comments.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn quoted(rest: &str, prefix: usize) -> Option<usize> {
    let body = &rest[prefix + 1..];
    match rest.as_bytes()[prefix] {
        b'"' => Some(prefix + 1 + closing(body, b'"')),
        // A lifetime has a letter and no quote behind it.
        b'\'' if body.starts_with('\\') || body.chars().nth(1) == Some('\'') => {
            Some(prefix + 1 + closing(body, b'\''))
        }
        _ => None,
    }
}

/// The length up to and with the closing `quote`.
fn closing(body: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (at, &octet) in body.as_bytes().iter().enumerate() {
        if !escaped && octet == quote {
            return at + 1;
        }
        escaped = !escaped && octet == b'\\';
    }
    body.len()
}

fn raw_string(rest: &str, prefix: usize) -> Option<usize> {
    let hashes = rest[prefix..].bytes().take_while(|&b| b == b'#').count();
    let open = prefix + hashes + 1;
    if rest.as_bytes().get(open - 1) != Some(&b'"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let end = rest[open..].find(&close);
    Some(end.map_or(rest.len(), |end| open + end + close.len()))
}

#[cfg(test)]
mod tests {
    use super::{paths, tokens};

    #[track_caller]
    fn check(source: &str, expect: &str) {
        let texts: Vec<_> = tokens(source).into_iter().map(|t| t.text).collect();
        assert_eq!(texts.join(" "), expect);
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        check("a // async\nb /* x /* y */ z */ c", "a b c");
        check(
            r#"f("async \" fn", 'x', '\'', b"std::fs", b'\n')"#,
            "f ( , , , , )",
        );
        check("r#\"std::fs \"quoted\" \"# end br\"x\\\"", "end");
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        check("fn f<'a>(x: &'a str)", "fn f < ' a > ( x : & ' a str )");
        check("r#type", "r # type");
    }

    #[test]
    fn lines_are_counted_through_what_is_skipped() {
        let lines: Vec<_> = tokens("/*\n\n*/ a\n\"\n\" b")
            .iter()
            .map(|t| t.line)
            .collect();
        assert_eq!(lines, [3, 5]);
    }

    #[test]
    fn paths_are_expanded() {
        let source = "use std::{fs, io::{self, Read as _}, sync::Arc};\nlet x: std::time::Instant = other::std::no;";
        let found = paths(&tokens(source), "std");
        let found: Vec<_> = found
            .iter()
            .map(|(line, p)| format!("{line} {p}"))
            .collect();
        let expect = [
            "1 std::fs",
            "1 std::io::self",
            "1 std::io::Read",
            "1 std::sync::Arc",
            "2 std::time::Instant",
        ];
        assert_eq!(found, expect);
    }
}
