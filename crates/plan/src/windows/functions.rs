//! `TUMBLE(ts, size [, offset])` and `HOP(ts, slide, size [, offset])` as functions of GROUP BY: they only mark where a window goes
//! (`place.rs` puts it there) and have no value of their own.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use levada_base::{Error, codes};

/// The two kinds of window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum WindowKind {
    Tumble,
    Hop,
}

impl WindowKind {
    /// The kind that a function of this name makes.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "tumble" => Some(Self::Tumble),
            "hop" | "slide" => Some(Self::Hop),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tumble => "tumble",
            Self::Hop => "hop",
        }
    }

    /// How many constants come after the time: slide and size, or the size.
    pub(super) fn constants(self) -> usize {
        match self {
            Self::Tumble => 1,
            Self::Hop => 2,
        }
    }
}

/// The functions to register.
pub(crate) fn functions() -> Vec<Arc<ScalarUDF>> {
    [WindowKind::Tumble, WindowKind::Hop].map(|kind| Arc::new(ScalarUDF::from(Marker::new(kind)))).into()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Marker {
    kind: WindowKind,
    signature: Signature,
}

impl Marker {
    fn new(kind: WindowKind) -> Self {
        Self { kind, signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Marker {
    fn name(&self) -> &str {
        self.kind.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let time = match arguments.first() {
            Some(time @ (DataType::Timestamp(..) | DataType::Int64)) => time.clone(),
            _ => arrow::datatypes::DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None),
        };
        Ok(window_type(&time))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let name = self.kind.name().to_uppercase();
        let error = Error::new(codes::LV_S506, format!("{name} outside GROUP BY"))
            .with_hint(format!("group by it, or read FROM {name}(t, ts, …) and use window_start and window_end"));
        Err(DataFusionError::External(Box::new(error)))
    }
}

/// A window as a value: STRUCT(start, end) of the time's type.
pub(super) fn window_type(time: &DataType) -> DataType {
    DataType::Struct(Fields::from(vec![Field::new("start", time.clone(), false), Field::new("end", time.clone(), false)]))
}
