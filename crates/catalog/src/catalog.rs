//! Objects by name and by id.

use std::collections::BTreeMap;

use levada_base::{Error, ObjectId, Result, codes, nearest};

use crate::{Kind, Object};

/// Names that belong to the system.
const RESERVED: &[&str] = &["levada", "pg_catalog", "information_schema"];

/// All objects of a database. Ids are given in the order of creation and never again, so an object's inputs have smaller ids than it
/// has: ascending ids are a topological order.
#[derive(Debug, Clone)]
pub struct Catalog<P> {
    objects: BTreeMap<ObjectId, Object<P>>,
    names: BTreeMap<String, ObjectId>,
    next: u64,
}

impl<P> Default for Catalog<P> {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), names: BTreeMap::new(), next: 1 }
    }
}

impl<P> Catalog<P> {
    /// The object of that name, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Object<P>> {
        self.objects.get(self.names.get(name)?)
    }

    /// The object of that name.
    ///
    /// # Errors
    /// `LV-S101` with the nearest name.
    pub fn find(&self, name: &str) -> Result<&Object<P>> {
        self.get(name).ok_or_else(|| {
            let error = Error::new(codes::LV_S101, format!("\"{name}\" does not exist"));
            match nearest(name, self.names.keys().map(String::as_str)) {
                Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                None => error.with_hint("SHOW TABLES, SHOW SOURCES and SHOW MATERIALIZED VIEWS list what there is"),
            }
        })
    }

    /// The object of that name and kind.
    ///
    /// # Errors
    /// `LV-S101` with the nearest name; `LV-S105` saying which kind it is.
    pub fn find_kind(&self, name: &str, kind: Kind) -> Result<&Object<P>> {
        let object = self.find(name)?;
        if object.kind == kind {
            return Ok(object);
        }
        Err(Error::new(codes::LV_S105, format!("\"{name}\" is {}, not {}", object.kind.with_article(), kind.with_article()))
            .with_hint(format!("write {} {name}", object.kind.keyword())))
    }

    /// The object of that id.
    #[must_use]
    pub fn by_id(&self, id: ObjectId) -> Option<&Object<P>> {
        self.objects.get(&id)
    }

    /// All objects, inputs before what reads them.
    pub fn iter(&self) -> impl Iterator<Item = &Object<P>> {
        self.objects.values()
    }

    /// Whether the name can be given.
    ///
    /// # Errors
    /// `LV-S102` if it is taken (with the kind that has it) or reserved.
    pub fn check_free(&self, name: &str) -> Result<()> {
        if RESERVED.contains(&name) {
            return Err(Error::new(codes::LV_S102, format!("the name \"{name}\" is reserved")).with_hint("choose another name"));
        }
        match self.get(name) {
            None => Ok(()),
            Some(object) => {
                Err(Error::new(codes::LV_S102, format!("\"{name}\" exists already, {}", object.kind.with_article()))
                    .with_hint(format!("choose another name, or DROP {} {name}", object.kind.keyword())))
            }
        }
    }

    /// Adds an object that reads `reads`.
    ///
    /// # Errors
    /// `LV-S102` if the name is taken or reserved.
    pub fn add(&mut self, name: &str, kind: Kind, mut reads: Vec<ObjectId>, payload: P) -> Result<ObjectId> {
        self.check_free(name)?;
        reads.sort_unstable();
        reads.dedup();
        let id = self.take_id();
        self.names.insert(name.to_owned(), id);
        self.objects.insert(id, Object { id, name: name.to_owned(), kind, reads, payload });
        Ok(id)
    }

    /// The id that the next object will get.
    #[must_use]
    pub fn next_id(&self) -> ObjectId {
        ObjectId(self.next)
    }

    /// Takes an id for something that has no name.
    pub fn take_id(&mut self) -> ObjectId {
        let id = self.next_id();
        self.next += 1;
        id
    }

    /// The objects that read `id` directly.
    pub fn readers(&self, id: ObjectId) -> impl Iterator<Item = &Object<P>> {
        self.objects.values().filter(move |object| object.reads.contains(&id))
    }

    /// Everything that reads `id`, directly or through others, leaves first, then `id` itself.
    fn with_dependants(&self, id: ObjectId) -> Vec<ObjectId> {
        let mut found = vec![id];
        let mut at = 0;
        while at < found.len() {
            let more: Vec<ObjectId> =
                self.readers(found[at]).map(|object| object.id).filter(|id| !found.contains(id)).collect();
            found.extend(more);
            at += 1;
        }
        // Readers have greater ids than what they read.
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }

    /// Removes an object, and with `cascade` everything that reads it; gives back what went, leaves first.
    ///
    /// # Errors
    /// `LV-S103` with the dependants as a tree if there are any and `cascade` is not said.
    pub fn remove(&mut self, id: ObjectId, cascade: bool) -> Result<Vec<Object<P>>> {
        let going = self.with_dependants(id);
        if going.len() > 1 && !cascade {
            return Err(self.has_dependants(id));
        }
        let gone: Vec<Object<P>> = going.iter().filter_map(|id| self.objects.remove(id)).collect();
        for object in &gone {
            self.names.remove(&object.name);
        }
        Ok(gone)
    }

    fn has_dependants(&self, id: ObjectId) -> Error {
        let name = self.by_id(id).map_or_else(String::new, |object| object.name.clone());
        let mut tree = String::new();
        self.print_readers(id, 1, &mut tree);
        Error::new(codes::LV_S103, format!("\"{name}\" is read by others"))
            .with_reason(tree.trim_end().to_owned())
            .with_hint("drop them first, or add CASCADE")
    }

    fn print_readers(&self, id: ObjectId, depth: usize, text: &mut String) {
        for reader in self.readers(id) {
            text.push_str(&format!("\n{:indent$}{} {}", "", reader.kind, reader.name, indent = depth * 2));
            self.print_readers(reader.id, depth + 1, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_goes_leaves_first() {
        let mut catalog = Catalog::default();
        let source = catalog.add("s", Kind::Source, vec![], ()).unwrap();
        let a = catalog.add("a", Kind::MaterializedView, vec![source], ()).unwrap();
        catalog.add("b", Kind::MaterializedView, vec![a, source, a], ()).unwrap();
        let error = catalog.remove(source, false).unwrap_err();
        assert_eq!(error.code(), codes::LV_S103);
        assert!(error.reason().unwrap().contains("  materialized view a\n    materialized view b"), "{error}");
        let gone: Vec<_> = catalog.remove(source, true).unwrap().into_iter().map(|object| object.name).collect();
        assert_eq!(gone, ["b", "a", "s"]);
        assert!(catalog.get("s").is_none());
    }

    #[test]
    fn names_are_told_apart() {
        let mut catalog = Catalog::default();
        catalog.add("orders", Kind::Table, vec![], ()).unwrap();
        assert_eq!(catalog.add("orders", Kind::View, vec![], ()).unwrap_err().code(), codes::LV_S102);
        assert_eq!(catalog.find("ordrs").unwrap_err().hint(), Some("did you mean \"orders\"?"));
        assert_eq!(catalog.find_kind("orders", Kind::Sink).unwrap_err().code(), codes::LV_S105);
        assert_eq!(catalog.add("levada", Kind::View, vec![], ()).unwrap_err().code(), codes::LV_S102);
    }
}
