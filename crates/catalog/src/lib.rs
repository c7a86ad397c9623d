//! Names, objects and what depends on what. Pure: no I/O, no clock; what an object *is* belongs to the caller and comes in as a
//! payload.
//!
//! ```
//! use levada_catalog::{Catalog, Kind};
//! let mut catalog: Catalog<()> = Catalog::default();
//! let orders = catalog.add("orders", Kind::Table, vec![], ())?;
//! catalog.add("totals", Kind::MaterializedView, vec![orders], ())?;
//! assert_eq!(catalog.remove(orders, false).unwrap_err().code().name(), "LV-S103");
//! assert_eq!(catalog.remove(orders, true)?.len(), 2);
//! # Ok::<(), levada_base::Error>(())
//! ```

mod catalog;
mod kind;
mod object;

pub use catalog::Catalog;
pub use kind::Kind;
pub use object::Object;
