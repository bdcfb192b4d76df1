//! `cargo run --example functions`: writes `docs/functions.md` from the table of functions.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::fs::write("docs/functions.md", heeler::expression::reference()?)?;
    Ok(())
}
