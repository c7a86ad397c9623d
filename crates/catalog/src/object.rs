//! An object with a name.

use levada_base::ObjectId;

use crate::Kind;

/// An object as the catalog knows it; `payload` is what it means to the engine.
#[derive(Debug, Clone)]
pub struct Object<P> {
    pub id: ObjectId,
    pub name: String,
    pub kind: Kind,
    /// The objects it reads, each once.
    pub reads: Vec<ObjectId>,
    pub payload: P,
}
