//! Low-privilege text, high-privilege eyes: names that anybody may give themselves, on every screen that shows them.

use super::common::{Home, Sandbox, Setup};
use super::pty::{AGES, Start, Term};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything that a terminal could take for more than text, and what only looks like something else.
fn hostile() -> Vec<String> {
    let mut all: Vec<String> = [
        // Titles, colours, hyperlinks, clipboard, notifications, images, palette, resets, queries.
        "\x1b]0;owned\x07",
        "\x1b]2;owned\x1b\\",
        "\x1b]4;1;rgb:00/00/00\x07",
        "\x1b]8;;https://example.invalid\x1b\\x\x1b]8;;\x1b\\",
        "\x1b]9;owned\x07",
        "\x1b]10;?\x07",
        "\x1b]11;?\x07",
        "\x1b]52;c;b3duZWQ=\x07",
        "\x1b]777;notify;owned;owned\x07",
        "\x1b]1337;File=inline=1:b3duZWQ=\x07",
        "\x1bPq#0;2;0;0;0\x1b\\",
        "\x1bP$qm\x1b\\",
        "\x1b_Gf=24;b3duZWQ=\x1b\\",
        "\x1b^owned\x1b\\",
        "\x1bc",
        "\x1b[31mred\x1b[0m",
        "\x1b[2J\x1b[H",
        "\x1b[6n\x1b[c\x1b[?2026$p",
        "\x1b[?1049l\x1b[?25h",
        "\x1b[?1000h\x1b[?1003h",
        "\x1b[200~rm\r\x1b[201~",
        "\x1b[9999;9999H\x1b[s",
        // The same in eight bits, and what control characters do alone.
        "\u{9b}31mred",
        "\u{9d}0;owned\u{9c}",
        "\u{90}q\u{9c}",
        "bell\x07bell",
        "back\x08\x08\x08\x08space",
        "return\rnruter",
        "two\nlines",
        "tab\ttab",
        "del\x7fete",
        "shift\x0eout\x0f",
        "form\x0cfeed\x0b",
        // What is not seen, or turns around what is.
        "\u{202e}gnp.exe",
        "\u{202a}\u{202b}\u{202c}\u{202d}",
        "\u{2066}a\u{2067}b\u{2068}c\u{2069}",
        "zero\u{200b}width\u{feff}",
        "join\u{200d}er\u{2060}",
        "soft\u{ad}hyphen",
        "\u{3164}\u{115f}\u{ffa0}filler",
        "\u{e0041}\u{e0042}\u{e007f}tag",
        "line\u{2028}para\u{2029}",
        "not\u{fffe}\u{ffff}a character",
        // Piles, widths, joins.
        "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}algo",
        "family 👩\u{200d}👩\u{200d}👧\u{200d}👦",
        "flags 🇩🇰🇳🇴 skin 👍🏽 heart ❤\u{fe0f}",
        "日本語の名前です",
        "한국어 이름",
        "עברית ابن",
        "private \u{e0b0}\u{f8ff}",
        // What other programs take for markup or a command.
        "'; DROP TABLE users; --",
        "$(reboot) `reboot` & reboot",
        "=cmd|'/c calc'!A1",
        "<script>alert(1)</script>",
        "[red]markup[/red] {{template}} %s %n",
        "\\x1b[31m \\u001b",
    ]
    .map(str::to_owned)
    .into();
    all.push("long ".repeat(40));
    all
}

/// What is on the screen is text that one can see.
fn clean(term: &Term, place: &str) {
    term.nothing_odd();
    assert!(term.watch().clipboard.is_empty(), "{place}");
    for c in term.contents().chars() {
        let invisible = matches!(c, '\u{ad}' | '\u{115f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}');
        assert!(c == '\n' || !(c.is_control() || invisible), "{c:?} in {place}\n{}", term.dump());
    }
    let sent = term.since(term.start());
    let text = String::from_utf8(sent.bytes).expect("everything that is sent is UTF-8");
    for c in text.chars().filter(|c| c.is_control()) {
        // `␛` begins our own sequences, which the terminal has understood; nothing else is ours.
        assert!(c == '\x1b', "{c:?} was sent in {place}");
    }
}

/// Nothing is left of damage by widths: painting anew shows the same.
fn same_when_painted_anew(term: &mut Term, place: &str) {
    term.quiet_for(Duration::from_millis(150));
    let damage = term.damage();
    assert!(damage <= AGES, "{damage} cells differ in {place}\n{}", term.dump());
}

fn renamed() -> (Sandbox, Home, Vec<String>) {
    let names = hostile();
    let count = (names.len() + 6).to_string();
    let sandbox = Sandbox::serve(&["--users", &count, "--groups", "12"]);
    let home = Setup::of(&sandbox).line("groups = true").line("scope = \"all\"").home();
    let users = sandbox.graph_list("/users?$select=id,userPrincipalName&$top=999");
    let (mut taken, mut signing) = (0, 0);
    for (user, name) in users.iter().zip(&names) {
        let id = user["id"].as_str().unwrap();
        let properties = json!({"displayName": name, "jobTitle": name, "department": name});
        let answer = sandbox.graph("PATCH", &format!("/users/{id}"), Some(&properties));
        // A directory that refuses a name cannot show it either.
        taken += usize::from(answer.status < 400);
        // The name that one signs in with, too: it is what lists show first.
        let upn = json!({"userPrincipalName": format!("{}@{}", name.replace('@', ""), sandbox.domain())});
        signing += usize::from(sandbox.graph("PATCH", &format!("/users/{id}"), Some(&upn)).status < 400);
    }
    assert!(taken >= 40, "the directory takes {taken} of {} names", names.len());
    assert!(signing >= 40, "the directory takes {signing} of {} names to sign in with", names.len());
    for (group, name) in sandbox.graph_list("/groups?$select=id").iter().zip(names.iter().step_by(5)) {
        let id = group["id"].as_str().unwrap();
        sandbox.graph("PATCH", &format!("/groups/{id}"), Some(&json!({"displayName": name}))).ok();
    }
    home.run(&["sync", "--json"]);
    // What changes again is what a plan shows.
    for (user, name) in users.iter().zip(names.iter().rev()) {
        let id = user["id"].as_str().unwrap();
        sandbox.graph("PATCH", &format!("/users/{id}"), Some(&json!({"jobTitle": name})));
    }
    let text = std::fs::read_to_string(&home.config).unwrap();
    std::fs::write(&home.config, text.replace("enabled = true", "enabled = false")).unwrap();
    (sandbox, home, names)
}

#[test]
fn hostile_names_are_text_on_every_screen() {
    let (_sandbox, home, names) = renamed();
    for (columns, rows) in [(160, 45), (80, 24)] {
        let mut term = Start::configured(&home).size(columns, rows).start();
        term.ready();
        // Everybody once, with details.
        term.view("2");
        clean(&term, "the list of people");
        let step = if columns == 160 { 3 } else { 12 };
        for n in 0..names.len() / step {
            for _ in 0..step {
                term.key("j");
            }
            // Details come when the selection rests.
            term.quiet_for(Duration::from_millis(if n % 3 == 0 { 180 } else { 20 }));
        }
        clean(&term, "details of people");
        same_when_painted_anew(&mut term, "details of people");
        term.keys("g g j enter");
        term.quiet_for(Duration::from_millis(200));
        clean(&term, "one person");
        same_when_painted_anew(&mut term, "one person");
        term.keys("esc p");
        term.quiet_for(Duration::from_millis(600));
        clean(&term, "the stepper");
        same_when_painted_anew(&mut term, "the stepper");
        term.key("esc");
        if columns < 120 {
            // The other views show the same names in fewer columns; where they are cut is what differs.
            for view in ["3", "4", "5"] {
                term.view(view);
                clean(&term, "a view of 80 columns");
            }
            term.keys("ctrl-c ctrl-c");
            assert_eq!(term.exit(), 0);
            continue;
        }
        term.view("3");
        clean(&term, "the mapping with its values");
        same_when_painted_anew(&mut term, "the mapping with its values");
        term.view("4");
        term.keys("tab j j j j j j");
        term.quiet_for(Duration::from_millis(200));
        clean(&term, "the log");
        term.keys("enter");
        term.quiet_for(Duration::from_millis(200));
        clean(&term, "one entry of the log");
        same_when_painted_anew(&mut term, "one entry of the log");
        term.key("esc");
        term.view("5");
        term.wait_for("nothing written");
        for _ in 0..10 {
            term.key("j");
        }
        term.quiet_for(Duration::from_millis(300));
        clean(&term, "the plan");
        same_when_painted_anew(&mut term, "the plan");
        for view in ["1", "2"] {
            term.view(view);
            clean(&term, "a view");
        }
        layers(&mut term);
        term.keys("ctrl-c ctrl-c");
        assert_eq!(term.exit(), 0);
        term.given_back();
        // Neither the screen of before nor anything printed behind it holds what was shown.
        assert_eq!(term.contents().trim(), "");
        clean(&term, "the shell");
    }
    exported(home.folder.path());
}

/// Whatever floats above the views shows the same names.
fn layers(term: &mut Term) {
    term.view("2");
    term.keys("u j j");
    term.quiet_for(Duration::from_millis(200));
    clean(term, "the list of groups");
    term.keys("enter");
    term.quiet_for(Duration::from_millis(200));
    clean(term, "one group");
    term.keys("esc u g g j j");
    for (keys, place) in
        [("a", "assigning"), ("y", "the copy menu"), ("W", "unlocking"), ("3 u", "the chooser"), (":", "the palette")]
    {
        term.view("2");
        term.keys("j j");
        term.quiet_for(Duration::from_millis(200));
        term.keys(keys);
        term.quiet_for(Duration::from_millis(300));
        clean(term, place);
        same_when_painted_anew(term, place);
        term.keys("esc esc");
    }
    term.view("2");
    term.key("x");
    term.wait_for("wrote ");
    clean(term, "a message");
    term.key(":");
    term.types("messages");
    term.key("enter");
    term.quiet_for(Duration::from_millis(200));
    clean(term, "the messages");
    term.keys("esc");
}

/// The file that `x` wrote: a table whose every row is whole, and nothing in it is a formula.
fn exported(folder: &Path) {
    let is_list = |path: &PathBuf| path.extension().is_some_and(|e| e == "csv");
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_list);
    let text = std::fs::read_to_string(files.next().expect("an export")).unwrap();
    let (mut records, mut field, mut quoted) = (vec![Vec::new()], String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => records.last_mut().unwrap().push(std::mem::take(&mut field)),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'), "a line ends in the middle of a field");
                records.last_mut().unwrap().push(std::mem::take(&mut field));
                records.push(Vec::new());
            }
            c => field.push(c),
        }
    }
    assert!(!quoted && records.pop().is_some_and(|rest| rest.is_empty()), "the last line has no end");
    assert!(records.len() > 40, "{} rows", records.len());
    for record in &records {
        assert_eq!(record.len(), records[0].len(), "{record:?}");
        assert!(!record.iter().any(|field| field.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{record:?}");
    }
}
