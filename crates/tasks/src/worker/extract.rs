//! Extractors: what a handler's arguments are made of.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use levada_store::alphabets::{FailureClass, Outcome};
use serde::de::DeserializeOwned;

use super::{Context, Stop, Task};
use crate::spec::Payload;

/// Something that can be made of a task.
pub trait FromTask: Sized {
    /// The argument for a handler.
    ///
    /// # Errors
    /// How the task ends if it cannot be made.
    fn from_task(task: &Task) -> Result<Self, Stop>;
}

/// The input as JSON; also a result to be written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// The input as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw(pub Payload);

/// The results of upstreams by the names that edges gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs(Arc<BTreeMap<String, (Outcome, Payload)>>);

/// A value that the worker was built with.
#[derive(Debug, Clone)]
pub struct Data<T>(Arc<T>);

impl<T> Deref for Data<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromTask for Json<T> {
    fn from_task(task: &Task) -> Result<Self, Stop> {
        decode(&task.input).map(Self)
    }
}

impl FromTask for Raw {
    fn from_task(task: &Task) -> Result<Self, Stop> {
        Ok(Self(task.input.clone()))
    }
}

impl FromTask for Context {
    fn from_task(task: &Task) -> Result<Self, Stop> {
        Ok(task.context.clone())
    }
}

impl FromTask for Inputs {
    fn from_task(task: &Task) -> Result<Self, Stop> {
        let inputs = task.inputs.iter().map(|(name, (input, payload))| (name.clone(), (input.outcome, payload.clone())));
        Ok(Self(Arc::new(inputs.collect())))
    }
}

impl<T: Send + Sync + 'static> FromTask for Data<T> {
    fn from_task(task: &Task) -> Result<Self, Stop> {
        let found = task.data.get(&TypeId::of::<T>()).cloned().and_then(|value| value.downcast::<T>().ok());
        let missing = || {
            let message = format!("the worker was built without data of type {}", std::any::type_name::<T>());
            Stop::failure(FailureClass::Resource, "no_data", message)
        };
        found.map(Self).ok_or_else(missing)
    }
}

impl Inputs {
    /// The names of all inputs.
    pub fn names(&self) -> impl Iterator<Item = &str> + '_ {
        self.0.keys().map(String::as_str)
    }

    /// How the upstream of an input ended.
    #[must_use]
    pub fn outcome(&self, name: &str) -> Option<Outcome> {
        self.0.get(name).map(|(outcome, _)| *outcome)
    }

    /// An input as it is.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&Payload> {
        self.0.get(name).map(|(_, payload)| payload)
    }

    /// An input as JSON.
    ///
    /// # Errors
    /// A permanent failure if there is no such input or it is not of this form.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, Stop> {
        let payload = self.raw(name).ok_or_else(|| Stop::permanent("no_input", format!("there is no input \"{name}\"")))?;
        decode(payload)
    }
}

fn decode<T: DeserializeOwned>(payload: &Payload) -> Result<T, Stop> {
    let bytes = match payload {
        Payload::Inline(bytes) => bytes.as_slice(),
        // Nothing reads as null, so that `Json<()>` and `Json<Option<T>>` take it.
        Payload::Void => b"null",
        Payload::Reference(name) => {
            return Err(Stop::permanent("payload_decode", format!("the input is a reference (\"{name}\"), not JSON")));
        }
    };
    serde_json::from_slice(bytes).map_err(|cause| Stop::permanent("payload_decode", cause))
}
