//! A graph as text for people: operators from the result down, columns by name.

use arrow::datatypes::Schema;

use super::{Graph, NodeId, Route};

impl Graph {
    /// The nodes as text, one a line: operator, id, whether it retracts, and its inputs below it. What `EXPLAIN` prints.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = String::new();
        self.describe_node(self.output, 0, &mut text);
        text
    }

    fn describe_node(&self, at: NodeId, depth: usize, text: &mut String) {
        let node = self.node(at);
        let inputs: Vec<&Schema> = node.inputs.iter().map(|edge| self.node(edge.from).schema.as_ref()).collect();
        let kind = if node.append_only { "append-only" } else { "changing" };
        let op = named(&node.op.to_string(), &inputs);
        text.push_str(&format!("{:indent$}{op} [{}] {kind}\n", "", node.id, indent = depth * 2));
        for edge in &node.inputs {
            let depth = match &edge.route {
                Route::Local => depth + 1,
                Route::Hash(columns) => {
                    let names: Vec<_> = columns.iter().map(|&c| self.node(edge.from).schema.field(c).name().clone()).collect();
                    text.push_str(&format!("{:indent$}exchange by ({})\n", "", names.join(", "), indent = depth * 2 + 2));
                    depth + 2
                }
                Route::Single => {
                    text.push_str(&format!("{:indent$}exchange to one shard\n", "", indent = depth * 2 + 2));
                    depth + 2
                }
            };
            self.describe_node(edge.from, depth, text);
        }
    }
}

/// The text with `#n` replaced by the name of column n of the first input, and `right.#n` by that of the second.
pub(crate) fn named(text: &str, inputs: &[&Schema]) -> String {
    let mut pieces = text.split('#');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let input = inputs.get(usize::from(out.ends_with("right.")));
        let column = piece[..digits].parse::<usize>().ok();
        match input.zip(column).filter(|(schema, column)| *column < schema.fields().len()) {
            Some((schema, column)) => out.push_str(schema.field(column).name()),
            None => out.push_str(&format!("#{}", &piece[..digits])),
        }
        out.push_str(&piece[digits..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;

    #[test]
    fn columns_get_the_names_of_their_side() {
        let schema =
            |names: &[&str]| Schema::new(names.iter().map(|name| Field::new(*name, DataType::Int64, true)).collect::<Vec<_>>());
        let (left, right) = (schema(&["k", "v"]), schema(&["id"]));
        assert_eq!(named("join on left.#0 = right.#0 and #1 > 2", &[&left, &right]), "join on left.k = right.id and v > 2");
        assert_eq!(named("max(#7) # of #", &[&left]), "max(#7) # of #", "what is no column stays");
    }
}
