//! The floors of the house: a room imports only from floors below its own, files stay short, and nothing prints past
//! the boundary for untrusted text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// Rooms from the ground up, as the table in `src/lib.rs` says.
const FLOORS: [&[&str]; 9] = [
    &["text", "model"],
    &["http"],
    &["expression", "scim", "graph"],
    &["mapping"],
    &["store", "config"],
    &["sync"],
    &["engine"],
    &["sandbox", "console"],
    &["cli"],
];

/// Files of `src` that may exceed 500 lines, each with its reason.
const LONG: [(&str, &str); 0] = [];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    assert!(found.len() > 10, "no sources in {}", root.display());
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.strip_prefix(&root).unwrap().to_owned(), text)
        })
        .collect()
}

/// The room a file belongs to: the first part of its path without the extension.
fn room_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Line comments, block comments and the insides of string literals become blanks; lines keep their numbers.
fn code_only(source: &str) -> String {
    let bytes: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    let mut i = 0;
    while i < bytes.len() {
        let rest = |n: usize| bytes.get(i + n).copied().unwrap_or('\0');
        if bytes[i] == '/' && rest(1) == '/' {
            while i < bytes.len() && bytes[i] != '\n' {
                out.push(' ');
                i += 1;
            }
        } else if bytes[i] == '/' && rest(1) == '*' {
            let mut depth = 0;
            loop {
                if i >= bytes.len() {
                    break;
                }
                let two = (bytes[i], bytes.get(i + 1).copied().unwrap_or('\0'));
                let step = match two {
                    ('/', '*') => {
                        depth += 1;
                        2
                    }
                    ('*', '/') => {
                        depth -= 1;
                        2
                    }
                    _ => 1,
                };
                for c in &bytes[i..(i + step).min(bytes.len())] {
                    out.push(blank(*c));
                }
                i += step;
                if depth == 0 {
                    break;
                }
            }
        } else if bytes[i] == 'r' && (rest(1) == '"' || rest(1) == '#') && !ends_in_word(&out) {
            let hashes = bytes[i + 1..].iter().take_while(|c| **c == '#').count();
            if bytes.get(i + 1 + hashes) != Some(&'"') {
                out.push('r');
                i += 1;
                continue;
            }
            let closing: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let body = i + 2 + hashes;
            let tail: String = bytes[body..].iter().collect();
            let end = tail.find(&closing).map_or(bytes.len(), |at| body + tail[..at].chars().count() + closing.len());
            for c in &bytes[i..end] {
                out.push(blank(*c));
            }
            i = end;
        } else if bytes[i] == '"' {
            out.push(' ');
            i += 1;
            while i < bytes.len() && bytes[i] != '"' {
                if bytes[i] == '\\' {
                    out.push(' ');
                    i += 1;
                }
                if i < bytes.len() {
                    out.push(blank(bytes[i]));
                    i += 1;
                }
            }
            out.push(' ');
            i += 1;
        } else if bytes[i] == '\'' && (rest(2) == '\'' || rest(1) == '\\') {
            // A character literal (not a lifetime): it may hold a quote or a slash.
            let from = i;
            i += if rest(1) == '\\' { 3 } else { 2 };
            while i < bytes.len() && bytes[i] != '\'' {
                i += 1;
            }
            i += 1;
            for c in &bytes[from..i.min(bytes.len())] {
                out.push(blank(*c));
            }
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
    out
}

fn ends_in_word(out: &str) -> bool {
    out.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// The rooms that a piece of code names through `crate::` (one path or a brace list), with line numbers.
fn rooms_named(code: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if ends_in_word(&code[..at]) || code[..at].ends_with('$') {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let after = &code[at + "crate::".len()..];
        let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        if let Some(list) = after.strip_prefix('{') {
            let mut depth = 0;
            let mut item = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        named.push((line, word(item.trim())));
                        item.clear();
                    }
                    _ if depth == 0 => item.push(c),
                    _ => {}
                }
            }
            named.push((line, word(item.trim())));
        } else {
            named.push((line, word(after)));
        }
    }
    named.retain(|(_, room)| !room.is_empty());
    named
}

#[test]
fn a_room_imports_only_from_floors_below_its_own() {
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let room = room_of(&path);
        if room == "lib" || room == "main" {
            continue;
        }
        let Some(own) = floor(&room) else {
            wrong.push(format!("{}: room {room} is on no floor", path.display()));
            continue;
        };
        for (line, other) in rooms_named(&code_only(&source)) {
            if other == room {
                continue;
            }
            match floor(&other) {
                Some(below) if below < own => {}
                Some(_) => wrong.push(format!("{}:{line}: {room} imports {other}", path.display())),
                None => wrong.push(format!("{}:{line}: {other} is not a room", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the floors:\n{}", wrong.join("\n"));
}

#[test]
fn the_map_in_lib_rs_names_the_same_floors() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for (number, rooms) in FLOORS.iter().enumerate() {
        let row = lib
            .lines()
            .find(|l| l.starts_with(&format!("//! | {} |", number + 1)))
            .unwrap_or_else(|| panic!("no floor {} in the map", number + 1));
        for room in *rooms {
            assert!(
                row.contains(&format!("[`{room}`]")),
                "floor {} of the map does not name {room}: {row}",
                number + 1
            );
        }
        assert_eq!(row.matches("[`").count(), rooms.len(), "floor {} of the map names others: {row}", number + 1);
    }
    let declared: Vec<&str> =
        lib.lines().filter_map(|l| l.strip_prefix("pub mod ")).map(|l| l.trim_end_matches(';')).collect();
    for room in declared {
        assert!(floor(room).is_some(), "room {room} is on no floor");
    }
}

#[test]
fn files_stay_short_and_no_folder_has_a_mod_rs() {
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let lines = source.lines().count();
        let excused = LONG.iter().any(|(name, _)| Path::new(name) == path);
        if lines > 500 && !excused {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        if path.file_name().is_some_and(|n| n == "mod.rs") {
            wrong.push(format!("{}: the room's file stands beside its folder", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_of_the_console_do_not_know_its_views() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if path.starts_with("console/page") || path == Path::new("console/page.rs") {
            let code = code_only(&text);
            let named = code.lines().zip(1..).filter(|(line, _)| line.contains("console::view"));
            wrong.extend(named.map(|(_, number)| format!("{}:{number}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "a page imports a view:\n{}", wrong.join("\n"));
}

#[test]
fn only_text_prints() {
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        // Tests may talk to their parent process as they like.
        // The console's frames go to the terminal itself, which is found behind standard output.
        let screen = path == Path::new("console/terminal/output.rs");
        if room_of(&path) == "text" || screen || path.to_str().unwrap().ends_with("tests.rs") {
            continue;
        }
        let code = code_only(&source);
        for name in ["println!", "eprintln!", "print!", "eprint!", "dbg!", "stdout()", "stderr()"] {
            for (at, _) in code.match_indices(name) {
                // A terminal may be asked whether it is one; only writing is for `text`.
                let asked = code[at..].starts_with(&format!("{name}.is_terminal()"));
                if !ends_in_word(&code[..at]) && !asked {
                    wrong.push(format!("{}:{}: {name}", path.display(), code[..at].matches('\n').count() + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "printing past crate::text:\n{}", wrong.join("\n"));
}

#[test]
fn the_scanner_sees_code_and_only_code() {
    let source = "use crate::{model::A, text::{B, C}, http};\n// crate::cli\nlet s = \"crate::cli\"; /* crate::cli */\n\
                  let r = r#\"crate::cli \"quoted\"\"#; let c = '\"'; crate::scim::x(); let l: &'static str = $crate::y;";
    let named: Vec<String> = rooms_named(&code_only(source)).into_iter().map(|(_, room)| room).collect();
    assert_eq!(named, ["model", "text", "http", "scim"]);
    assert_eq!(rooms_named("\n\nuse crate::cli;"), [(3, "cli".to_owned())]);
}
