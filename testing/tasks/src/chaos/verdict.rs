//! The verdict over a load: the ledger against the rows.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use levada_store::State;
use levada_store::alphabets::{AttemptState, Outcome, Phase};

use super::laws;
use super::ledger::Book;

/// What a load came to.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub runs: usize,
    pub executions: usize,
    /// Effects of handlers; more than results where a worker was killed or too late.
    pub effects: usize,
    pub recorded: usize,
    /// Attempts whose worker was lost.
    pub crashed: usize,
    /// Transactions that the stores of this process began again.
    pub retries: u64,
    pub book: Book,
}

/// Judges a load after everything has ended: nothing lost, no result recorded twice, nothing left over.
///
/// # Errors
/// What is wrong.
pub fn judge(rows: &State, ledger: &Path) -> Result<Verdict> {
    let book = Book::read(ledger)?;
    laws::check(rows).map_err(|wrong| anyhow!(wrong))?;
    laws::is_over(rows).map_err(|wrong| anyhow!(wrong))?;
    for run in &book.submitted {
        ensure!(rows.runs.contains_key(run), "run {run} was acknowledged and is lost");
    }
    for ((execution, generation), attempts) in &book.recorded {
        ensure!(attempts.len() == 1, "{execution} generation {generation} was recorded by the attempts {attempts:?}");
        let result = rows.results.get(&(*execution, *generation));
        let kept = result.map(|row| row.bytes.clone());
        let told = attempts.first().map(|attempt| attempt.to_be_bytes().to_vec());
        ensure!(kept == told, "{execution} generation {generation}: {attempts:?} was acknowledged, {kept:?} is kept");
    }
    for row in rows.executions.values().filter(|row| row.phase == Phase::Ended) {
        let has_result = rows.results.contains_key(&(row.id, row.generation));
        ensure!(
            has_result == (row.outcome == Some(Outcome::Succeeded)),
            "{} ended {:?}, result {has_result}",
            row.id,
            row.outcome
        );
        let worked = book.worked.get(&(row.id, row.generation)).map(Vec::as_slice).unwrap_or_default();
        if let Some(result) = rows.results.get(&(row.id, row.generation)) {
            let kept = worked.iter().any(|attempt| attempt.to_be_bytes()[..] == result.bytes[..]);
            ensure!(kept, "{} has the result {:?} of nobody: {worked:?} worked", row.id, result.bytes);
        }
    }
    Ok(Verdict {
        runs: rows.runs.len(),
        executions: rows.executions.len(),
        effects: book.worked.values().map(Vec::len).sum(),
        recorded: book.recorded.len(),
        crashed: rows.attempts.values().filter(|row| row.state == AttemptState::Crashed).count(),
        retries: 0,
        book,
    })
}
