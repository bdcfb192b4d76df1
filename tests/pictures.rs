//! The README shows what the tests saw.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

#[path = "../examples/pictures.rs"]
mod pictures;

use std::path::Path;

#[test]
fn the_pictures_are_those_of_the_snapshots_and_the_readme_shows_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    for (name, snapshot, title) in pictures::PICTURES {
        let wanted = pictures::draw(&root.join("src/console").join(snapshot), title).unwrap();
        let found = std::fs::read_to_string(root.join("docs").join(name)).unwrap_or_default();
        assert!(found == wanted, "docs/{name} is not what {snapshot} shows: run `cargo run --example pictures`");
        assert!(readme.contains(&format!("docs/{name}")), "the README does not show docs/{name}");
    }
}
