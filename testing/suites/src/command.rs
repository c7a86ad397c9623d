//! What a script can ask for that is no SQL, after a backslash:
//!
//! - `\changes`: the changes that the newest SUBSCRIBE has brought since the last time: weight, then the row; sorted within an epoch.
//! - `\notices`: code and text of what the newest statement said beside its answer.
//! - `\end s`: nothing more comes into the source `s`, which has no connector.
//! - `\wait [relation …]`: waits until the bounded sources below have been read to their end.

use arrow::util::display::{ArrayFormatter, FormatOptions};
use levada::{DeltaBatch, Subscription};

use crate::answer::{Answer, column, shown};
use crate::session::{Failure, Session};

/// Runs one command.
pub(crate) async fn run(session: &mut Session, words: &str) -> Result<Answer, Failure> {
    let words: Vec<&str> = words.split_whitespace().collect();
    match words.as_slice() {
        ["changes"] => changes(session),
        ["notices"] => {
            let rows = session.notices.iter().map(|notice| vec![notice.code.to_string(), notice.message.clone()]);
            Ok(Answer::of_texts(&["code", "message"], rows.collect()))
        }
        ["end", source] => {
            let source = session.database.source(source).map_err(Failure::of)?;
            source.end_of_input().await.map_err(Failure::of)?;
            Ok(Answer::default())
        }
        ["wait", relations @ ..] => {
            session.database.wait_for_end(relations).await.map_err(Failure::of)?;
            Ok(Answer::default())
        }
        _ => Err(Failure::Wrong(format!("there is no command \\{}", words.join(" ")))),
    }
}

fn changes(session: &mut Session) -> Result<Answer, Failure> {
    let Some(subscription) = &mut session.subscription else {
        return Err(Failure::Wrong("\\changes without a SUBSCRIBE before it".to_owned()));
    };
    let mut rows = Vec::new();
    while let Some(next) = subscription.try_next() {
        let Some(epoch) = next.map_err(Failure::of)? else { break };
        let mut of_epoch: Vec<Vec<String>> = epoch.changes.iter().flat_map(weighted_rows).collect();
        of_epoch.sort();
        rows.extend(of_epoch);
    }
    Ok(Answer { columns: columns(subscription), rows, count: 0 })
}

fn columns(subscription: &Subscription) -> Vec<(String, sqllogictest::DefaultColumnType)> {
    let weight = ("_weight".to_owned(), sqllogictest::DefaultColumnType::Integer);
    std::iter::once(weight).chain(subscription.schema().fields().iter().map(|field| column(field))).collect()
}

/// Weight and values of each row.
fn weighted_rows(delta: &DeltaBatch) -> Vec<Vec<String>> {
    let batch = delta.batch();
    let options = FormatOptions::default().with_display_error(true);
    let cell = |at: usize, row: usize| {
        let array = batch.column(at);
        let text = ArrayFormatter::try_new(array, &options).ok().map(|formatter| formatter.value(row).to_string());
        shown(text.filter(|_| array.is_valid(row)))
    };
    let weight = |row: usize| std::iter::once(format!("{:+}", delta.weight(row)));
    (0..delta.num_rows()).map(|row| weight(row).chain((0..batch.num_columns()).map(|at| cell(at, row))).collect()).collect()
}
