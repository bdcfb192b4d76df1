//! `cargo run --example pictures`: draws the pictures of the README from the snapshots of the screens.
//!
//! A snapshot holds the text of a screen, and below each line that has styles a line of letters for them, ended by `←`
//! (see `src/console/testing.rs`). What the README shows is thus what the tests saw; `tests/pictures.rs` says so when
//! the two differ.

#![allow(clippy::disallowed_macros)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Pictures: file in `docs`, snapshot below `src/console`, what it shows.
pub const PICTURES: &[(&str, &str, &str)] = &[
    (
        "overview.svg",
        "view/overview/tests/snapshots/heeler__console__view__overview__tests__pictures__live_80x24.snap",
        "The overview",
    ),
    (
        "directory.svg",
        "view/directory/snapshots/heeler__console__view__directory__tests__all-80-default.snap",
        "The directory",
    ),
    (
        "log.svg",
        "view/log/tests/snapshots/heeler__console__view__log__tests__pictures__log_paused_80x24_default.snap",
        "The log",
    ),
    (
        "plan.svg",
        "view/plan/tests/snapshots/heeler__console__view__plan__tests__pictures__plan_80_default.snap",
        "The plan",
    ),
    (
        "provision.svg",
        "page/provision/snapshots/heeler__console__page__provision__tests__provision-plan-80-default.snap",
        "Provisioning one person",
    ),
];

const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 16.0;
const PAPER: &str = "#16181d";
const INK: &str = "#d6d8de";

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, snapshot, title) in PICTURES {
        let path = root.join("docs").join(name);
        let drawn = draw(&root.join("src/console").join(snapshot), title).and_then(|svg| {
            std::fs::write(&path, svg).map_err(|error| format!("cannot write {}: {error}", path.display()))
        });
        match drawn {
            Ok(()) => println!("{}", path.display()),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// One snapshot as SVG.
pub fn draw(snapshot: &PathBuf, title: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(snapshot)
        .map_err(|error| format!("cannot read the snapshot {}: {error}", snapshot.display()))?;
    let body = text.splitn(3, "---\n").nth(2).ok_or_else(|| format!("{} is no snapshot", snapshot.display()))?;
    let mut lines: Vec<(&str, &str)> = Vec::new();
    for line in body.lines() {
        match (line.strip_suffix('\u{2190}'), lines.last_mut()) {
            (Some(styles), Some(last)) if last.1.is_empty() => last.1 = styles,
            _ => lines.push((line, "")),
        }
    }
    Ok(svg(&lines, title))
}

fn svg(lines: &[(&str, &str)], title: &str) -> String {
    let columns = lines.iter().map(|(text, styles)| cells(text).max(styles.chars().count())).max().unwrap_or(80);
    let columns = if columns > 80 { 160 } else { 80 };
    let (w, h) = (columns as f64 * CELL.0 + 2.0 * MARGIN, lines.len() as f64 * CELL.1 + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w:.0} {h:.0}\" width=\"{w:.0}\" role=\"img\" \
         font-family=\"ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n",
        escaped(title)
    );
    for (row, (text, styles)) in lines.iter().enumerate() {
        let styles: Vec<char> = styles.chars().collect();
        let mut at = 0;
        let mut run: Option<(usize, char, String)> = None;
        for c in text.chars() {
            let style = styles.get(at).copied().unwrap_or(' ');
            match &mut run {
                Some((_, of, words)) if *of == style => words.push(c),
                _ => {
                    put(&mut out, row, run.take());
                    run = Some((at, style, c.to_string()));
                }
            }
            at += heeler::text::width(&c.to_string());
        }
        // A selected row is reversed to its end, text or not.
        while at < styles.len() {
            let style = styles[at];
            match &mut run {
                Some((_, of, words)) if *of == style => words.push(' '),
                _ => {
                    put(&mut out, row, run.take());
                    run = Some((at, style, " ".into()));
                }
            }
            at += 1;
        }
        put(&mut out, row, run);
    }
    out.push_str("</svg>\n");
    out
}

fn put(out: &mut String, row: usize, run: Option<(usize, char, String)>) {
    let Some((column, style, words)) = run else { return };
    let cells = cells(&words);
    let (x, y) = (MARGIN + column as f64 * CELL.0, MARGIN + row as f64 * CELL.1);
    let width = cells as f64 * CELL.0;
    if style == 'r' {
        let height = CELL.1;
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{INK}\"/>"
        );
    }
    if words.trim().is_empty() {
        return;
    }
    let look = match style {
        'r' => format!("fill=\"{PAPER}\""),
        'R' => "fill=\"#ea8a90\"".into(),
        'G' => "fill=\"#8fb996\"".into(),
        'Y' => "fill=\"#d3b66b\"".into(),
        'M' => "fill=\"#c3a6d8\"".into(),
        'C' => "fill=\"#6fc3c9\"".into(),
        'b' => "fill=\"#ffffff\" font-weight=\"bold\"".into(),
        'u' => format!("fill=\"{INK}\" text-decoration=\"underline\""),
        'd' => "fill=\"#868c98\"".into(),
        _ => format!("fill=\"{INK}\""),
    };
    let baseline = y + CELL.1 * 0.75;
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{baseline:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\" {look}>{}</text>",
        escaped(&words)
    );
}

fn cells(text: &str) -> usize {
    heeler::text::width(text)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
