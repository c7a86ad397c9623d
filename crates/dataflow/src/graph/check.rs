//! What must hold in every graph, checked when it is built and again before it is launched.

use levada_base::{Error, Result};

use super::{Edge, Graph, Node, Route};

/// # Errors
/// `LV-S999` naming the node and what does not fit.
pub(crate) fn check(graph: &Graph) -> Result<()> {
    for (at, node) in graph.nodes().iter().enumerate() {
        for edge in &node.inputs {
            if edge.from.0 >= at {
                return Err(broken(node, "reads a node that comes after it"));
            }
            check_route(graph, node, edge)?;
        }
        let schemas: Vec<_> = node.inputs.iter().map(|edge| &graph.node(edge.from).schema).collect();
        node.op.check(&schemas, &node.schema).map_err(|what| broken(node, &what))?;
    }
    if graph.output().0 + 1 > graph.nodes().len() {
        return Err(Error::internal("graph: the output is not one of its nodes"));
    }
    Ok(())
}

fn check_route(graph: &Graph, node: &Node, edge: &Edge) -> Result<()> {
    let width = graph.node(edge.from).schema.fields().len();
    match &edge.route {
        Route::Hash(columns) if columns.is_empty() => Err(broken(node, "routes by no column")),
        Route::Hash(columns) if columns.iter().any(|&column| column >= width) => {
            Err(broken(node, "routes by a column that its input lacks"))
        }
        Route::Hash(_) | Route::Local | Route::Single => Ok(()),
    }
}

fn broken(node: &Node, what: &str) -> Error {
    Error::internal(format!("graph: operator {} ({}) {what}", node.id, node.op))
}
