//! `heeler test`: the connection, step by step (E2).

use super::access::Access;
use super::{CliError, Ctx, Exit, Outcome};
use crate::engine::ConnectionTest;
use crate::text::{Align, Table, out_json, out_line};

/// `heeler test`
pub(super) async fn run(ctx: &Ctx) -> Outcome {
    let access = Access::open(ctx)?;
    let online = access.reach().await?;
    let test = online.test().await;
    online.close().await?;
    let test = test?;
    if ctx.json {
        out_json(&test)?;
    } else {
        print(&test)?;
    }
    Ok(if test.ok { Exit::Done } else { Exit::Connection })
}

/// The steps as lines.
pub(super) fn print(test: &ConnectionTest) -> Result<(), CliError> {
    let mut table = Table::new()
        .column("", Align::Left, 0)
        .column("", Align::Left, 0)
        .column("", Align::Right, 0)
        .column("", Align::Left, 0);
    for step in &test.steps {
        let mark = if step.ok { "✓" } else { "✗" };
        table.row([mark.to_owned(), step.name.clone(), format!("{} ms", step.ms), step.message.clone()]);
    }
    for line in table.lines() {
        out_line(&line)?;
    }
    Ok(())
}

/// Why a job stays off: a step of its connection test failed.
pub(super) fn failed(job: &str, step: &str, message: &str) -> CliError {
    CliError::new(Exit::Connection, format!("{job} stays off: the connection test failed at: {step}"))
        .advise(message.to_owned())
}
