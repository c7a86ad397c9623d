//! Random queries, each with a second text that a batch engine evaluates for comparison.
//!
//! Both texts differ only in what they read: the second reads a table that holds the rows of a source, and windows spelt out in plain SQL.

mod aggregate;
mod combine;
mod from;
mod ranked;
mod select;
mod windowed;

use crate::chance::Chance;
use crate::datum::Type;
pub use windowed::Closing;

/// Something that a query can read.
#[derive(Debug, Clone)]
pub struct Relation {
    pub name: String,
    /// What the second text reads in its place.
    pub oracle: String,
    /// The types of the columns `c0`, `c1`, …
    pub columns: Vec<Type>,
    /// The source's watermark is this far behind, in microseconds; `None` without one.
    pub watermark_delay: Option<i64>,
}

/// A query in both texts.
#[derive(Debug, Clone)]
pub struct Query {
    pub engine: String,
    pub oracle: String,
    /// The types of its columns `c0`, `c1`, …
    pub columns: Vec<Type>,
    /// The names of the relations that it reads.
    pub reads: Vec<String>,
    /// Set where event time decides what it shows.
    pub closing: Option<Closing>,
}

/// The same piece of both texts.
#[derive(Debug, Clone)]
struct Piece {
    engine: String,
    oracle: String,
}

/// A query that is still text with places for what it reads.
struct Draft {
    /// Relations stand in it as `«0»`, `«1»`, …
    text: String,
    columns: Vec<Type>,
}

/// Makes one query.
pub struct QueryMaker<'a> {
    chance: &'a mut Chance,
    relations: &'a [Relation],
    pieces: Vec<Piece>,
    reads: Vec<String>,
    aliases: usize,
    outer_joins: OuterJoins,
}

/// Whether a query may have outer joins in what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OuterJoins {
    Allowed,
    /// The batch engine takes a column that is constant below an outer join to be constant above it, and sorts wrongly.
    BelowViewsOnly,
}

/// Makes a random query over `relations`, of which there must be one. `view` is the name that it will have.
pub fn random_query(chance: &mut Chance, relations: &[Relation], view: &str) -> Query {
    let maker =
        QueryMaker { chance, relations, pieces: Vec::new(), reads: Vec::new(), aliases: 0, outer_joins: OuterJoins::Allowed };
    maker.closing_query(view).unwrap_or_else(|mut maker| {
        let draft = maker.draft(2);
        maker.finish(draft, None)
    })
}

/// Makes a query that gives no row over no rows: what a stream says before somebody listens is lost.
pub fn random_stream(chance: &mut Chance, relations: &[Relation]) -> Query {
    let mut maker =
        QueryMaker { chance, relations, pieces: Vec::new(), reads: Vec::new(), aliases: 0, outer_joins: OuterJoins::Allowed };
    let draft = maker.select(0);
    maker.finish(draft, None)
}

impl QueryMaker<'_> {
    /// A query of any kind with at most `depth` levels of subqueries.
    fn draft(&mut self, depth: usize) -> Draft {
        match self.chance.below(12) {
            0 | 1 => self.select(depth),
            2..=5 => self.aggregate(depth),
            6 => self.union(depth),
            7 => self.top(depth),
            8 => self.numbered(depth),
            9 | 10 => self.windowed().unwrap_or_else(|| self.aggregate(depth)),
            _ => self.exists(depth),
        }
    }

    fn finish(self, draft: Draft, closing: Option<Closing>) -> Query {
        let (mut engine, mut oracle) = (draft.text.clone(), draft.text);
        for (at, piece) in self.pieces.iter().enumerate() {
            engine = engine.replace(&place(at), &piece.engine);
            oracle = oracle.replace(&place(at), &piece.oracle);
        }
        Query { engine, oracle, columns: draft.columns, reads: self.reads, closing }
    }

    /// A place for a piece that differs between the texts.
    fn read(&mut self, relation: &str, engine: String, oracle: String) -> String {
        self.reads.push(relation.to_owned());
        self.pieces.push(Piece { engine, oracle });
        place(self.pieces.len() - 1)
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }
}

fn place(at: usize) -> String {
    format!("«{at}»")
}

/// `e AS c0, f AS c1, …`
fn outputs(expressions: &[String]) -> String {
    let named: Vec<String> = expressions.iter().enumerate().map(|(at, text)| format!("{text} AS c{at}")).collect();
    named.join(", ")
}
