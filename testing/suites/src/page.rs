//! A page of the documentation as a test.
//!
//! The ```` ```sql ```` blocks run in order. Behind one, a ```` ```text ```` block says what its last statement gives:
//!
//! - a table: cells between `|`, names first; the rows in this order,
//! - `LV-…: …`: the error the statement fails with, or the notice it gives,
//! - a ```` ```changes ```` block is a table of what the newest SUBSCRIBE has brought since the last time.
//!
//! Without such a block every statement must succeed. As in `levada run`, a SELECT waits until the bounded sources have been read.

use std::ops::ControlFlow;

use anyhow::{Context, Result, bail, ensure};
use futures::executor::block_on;
use levada::Database;
use levada_sql::Statement;
use levada_sql::ast::visit_relations;

use crate::answer::Answer;
use crate::session::{Failure, Session};
use crate::wording::reads_as;

/// The blocks of a page that are run or compared.
#[derive(Debug)]
pub struct Page {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    /// Of its first line in the page, from 1.
    line: usize,
    language: Language,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Sql,
    Text,
    Changes,
}

impl Page {
    /// Reads the blocks of a page.
    ///
    /// # Errors
    /// A block without an end, in a language that nobody runs, or an expected result without a statement before it.
    pub fn read(markdown: &str) -> Result<Self> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut lines = markdown.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            let Some(language) = line.strip_prefix("```") else { continue };
            let language = match language {
                "sql" => Language::Sql,
                "text" => Language::Text,
                "changes" => Language::Changes,
                other => bail!("line {}: nobody runs a block of \"{other}\"", at + 1),
            };
            let mut text = String::new();
            loop {
                match lines.next() {
                    None => bail!("line {}: the block has no end", at + 1),
                    Some((_, "```")) => break,
                    Some((_, line)) => text = text + line + "\n",
                }
            }
            let is_result_of_nothing = language != Language::Sql && blocks.is_empty();
            ensure!(!is_result_of_nothing, "line {}: a result without a statement before it", at + 1);
            blocks.push(Block { line: at + 2, language, text });
        }
        Ok(Self { blocks })
    }

    /// Whether there is something to run.
    #[must_use]
    pub fn has_statements(&self) -> bool {
        self.blocks.iter().any(|block| block.language == Language::Sql)
    }
}

/// Runs a page in a database of its own.
///
/// # Errors
/// The first statement or result that is not as the page says.
pub fn run_page(page: &Page) -> Result<()> {
    let database = Database::builder().shards(2).open_in_memory()?;
    let mut session = Session::new(database.clone());
    for (at, block) in page.blocks.iter().enumerate() {
        let expected = page.blocks.get(at + 1).filter(|next| next.language == Language::Text);
        match block.language {
            Language::Sql => run_block(&mut session, block, expected)?,
            Language::Changes => {
                let answer = block_on(session.execute("\\changes")).with_context(|| format!("line {}", block.line))?;
                compare(&answer, &block.text).with_context(|| format!("changes at line {}", block.line))?;
            }
            Language::Text => {}
        }
    }
    database.close()?;
    Ok(())
}

fn run_block(session: &mut Session, block: &Block, expected: Option<&Block>) -> Result<()> {
    let split = levada_sql::split(&block.text);
    let mut statements = split.statements;
    if !split.rest.is_empty() {
        statements.push(split.rest);
    }
    let Some(last) = statements.pop() else { bail!("line {}: an empty block", block.line) };
    for statement in statements {
        execute(session, statement).with_context(|| format!("line {}: {statement}", block.line))?;
    }
    let outcome = execute(session, last);
    let place = || format!("line {}: {last}", block.line);
    match expected {
        None => outcome.map(drop).with_context(place),
        Some(Block { text, .. }) if text.starts_with("LV-") => expect_message(session, outcome, text).with_context(place),
        Some(Block { text, .. }) => compare(&outcome.with_context(place)?, text).with_context(place),
    }
}

fn execute(session: &mut Session, statement: &str) -> Result<Answer, Failure> {
    if let Ok(Statement::Select(query)) = levada_sql::parse_one(statement).map(|parsed| parsed.statement) {
        let known = session.database.names();
        let mut read = Vec::new();
        let _: ControlFlow<()> = visit_relations(&query.ast, |name| {
            read.extend(known.iter().find(|known| **known == name.to_string()).map(String::as_str));
            ControlFlow::Continue(())
        });
        if !read.is_empty() && !session.database.has_unbounded_readers() {
            block_on(session.execute(&format!("\\wait {}", read.join(" "))))?;
        }
    }
    block_on(session.execute(statement))
}

/// The error, or one of the notices, reads as the page says.
fn expect_message(session: &Session, outcome: Result<Answer, Failure>, expected: &str) -> Result<()> {
    let said: Vec<String> = match outcome {
        Ok(_) => session.notices.iter().map(|notice| format!("{}: {}", notice.code, notice.message)).collect(),
        Err(Failure::Refused(error)) => vec![error.to_string()],
        Err(wrong @ Failure::Wrong(_)) => return Err(wrong.into()),
    };
    ensure!(said.iter().any(|said| reads_as(said, expected)), "expected\n{expected}but it said\n{}", said.join("\n"));
    Ok(())
}

fn compare(answer: &Answer, expected: &str) -> Result<()> {
    let is_rule = |line: &&str| line.chars().all(|letter| matches!(letter, '-' | '+'));
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let expected: Vec<Vec<String>> = expected.lines().filter(|line| !is_rule(line)).map(cells).collect();
    // A cell of several lines is written as it is.
    let lines_of = |row: Vec<String>| row.join("|").lines().map(cells).collect::<Vec<_>>();
    let actual: Vec<Vec<String>> = answer.table().into_iter().flat_map(lines_of).collect();
    ensure!(actual == expected, "expected\n{}\nbut it gave\n{}", lines(&expected), lines(&actual));
    Ok(())
}

/// A table as a page writes it.
fn lines(table: &[Vec<String>]) -> String {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| table.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join(" | ").trim_end().to_owned()
    };
    table.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(markdown: &str) -> Result<()> {
        run_page(&Page::read(markdown)?)
    }

    const TABLE: &str = "```sql\nCREATE TABLE t (a BIGINT PRIMARY KEY);\nINSERT INTO t VALUES (1), (2);\n```\n";

    #[test]
    fn a_page_gives_what_it_says() {
        let page = format!(
            "# T\n\n{TABLE}\n```sql\nSELECT a, a + 1 AS b FROM t ORDER BY a\n```\n\n```text\na | b\n--+--\n1 | 2\n2 | 3\n```\n"
        );
        run(&page).unwrap();
        for (from, to) in [("1 | 2", "1 | 3"), ("a | b", "a | c"), ("2 | 3\n", ""), ("2 | 3", "2 | 3\n3 | 4")] {
            let message = format!("{:?}", run(&page.replace(from, to)).unwrap_err());
            assert!(message.contains("but it gave"), "{from} → {to}: {message}");
        }
    }

    #[test]
    fn errors_and_notices_are_results_too() {
        let page = format!("{TABLE}```sql\nSELECT b FROM t;\n```\n\n```text\nLV-S110: column \"b\"\nnot found…\n```\n");
        run(&page).unwrap();
        assert!(run(&page.replace("LV-S110", "LV-S101")).is_err());
        assert!(run(&page.replace("SELECT b", "SELECT a")).is_err());
        let notice = "```sql\nCREATE TABLE IF NOT EXISTS t (a BIGINT PRIMARY KEY);\n```\n```text\nLV-S901: …\n```\n";
        run(&format!("{TABLE}{notice}")).unwrap();
        assert!(run(notice).is_err(), "nothing to notice");
    }

    #[test]
    fn changes_are_those_since_the_last_time() {
        let page = format!(
            "{TABLE}```sql\nSUBSCRIBE TO t\n```\n```changes\n_weight | a\n+1 | 1\n+1 | 2\n```\n\
             ```sql\nDELETE FROM t WHERE a = 1\n```\n```changes\n_weight | a\n-1 | 1\n```\n"
        );
        run(&page).unwrap();
        assert!(run(&page.replace("-1 | 1", "-1 | 2")).is_err());
    }

    #[test]
    fn a_page_that_cannot_be_run_is_an_error() {
        for page in ["```sql\nSELECT 1", "```text\n1\n```", "```python\n1\n```", "```sql\n```", "```sql\nSELEC 1\n```"] {
            assert!(run(page).is_err(), "{page}");
        }
    }
}
