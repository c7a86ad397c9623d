//! Handlers: async functions whose arguments are extractors.

use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{FromTask, IntoResult, Stop, Task, Verdict};

/// An async function of up to five extractors. `A` is the tuple of its arguments.
pub trait Handler<A>: Send + Sync + 'static {
    /// Runs it on a task.
    fn call(&self, task: &Task) -> BoxFuture<'static, Verdict>;
}

/// A handler whose arguments are forgotten.
pub(crate) type BoxedHandler = Arc<dyn Fn(&Task) -> BoxFuture<'static, Verdict> + Send + Sync>;

/// Forgets the arguments.
pub(crate) fn boxed<A: 'static>(handler: impl Handler<A>) -> BoxedHandler {
    Arc::new(move |task| handler.call(task))
}

fn verdict<R: IntoResult>(returned: Result<R, Stop>) -> Verdict {
    match returned.and_then(IntoResult::into_result) {
        Ok(done) => Verdict::Done(done),
        Err(stop) => stop.into(),
    }
}

macro_rules! handlers {
    ($($Argument:ident)*) => {
        #[allow(non_snake_case, unused_variables, reason = "the arguments are named like their types")]
        impl<F, Fut, R, $($Argument,)*> Handler<($($Argument,)*)> for F
        where
            F: Fn($($Argument),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<R, Stop>> + Send + 'static,
            R: IntoResult + 'static,
            $($Argument: FromTask + Send + 'static,)*
        {
            fn call(&self, task: &Task) -> BoxFuture<'static, Verdict> {
                $(let $Argument = match $Argument::from_task(task) {
                    Ok(argument) => argument,
                    Err(stop) => return futures::future::ready(Verdict::from(stop)).boxed(),
                };)*
                self($($Argument),*).map(verdict).boxed()
            }
        }
    };
}

handlers!();
handlers!(A1);
handlers!(A1 A2);
handlers!(A1 A2 A3);
handlers!(A1 A2 A3 A4);
handlers!(A1 A2 A3 A4 A5);
