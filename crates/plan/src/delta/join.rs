//! Joins: equality keys, and whatever else the condition says.

use std::sync::Arc;

use datafusion::common::{DFSchema, JoinType, NullEquality};
use datafusion::logical_expr::{Expr, Join};
use levada_base::{Error, Result, codes};
use levada_dataflow::OpSpec;
use levada_dataflow::ops::join::{Expiry, JoinKind, JoinSpec};

use super::Close;
use super::join_sides::Side;
use super::lower::Planner;
use super::project::scalar;
use super::rel::{Placement, Rel};
use crate::error::from_datafusion;
use crate::relation::TimeColumn;

/// A join with the side that is kept on the left.
struct Oriented {
    kind: JoinKind,
    swapped: bool,
}

impl Planner {
    pub(super) fn lower_join(&mut self, join: &Join) -> Result<Rel> {
        let Oriented { kind, swapped } = orient(join)?;
        refuse_null_aware(join)?;
        let (l, r): (Vec<&Expr>, Vec<&Expr>) = join.on.iter().map(|(l, r)| (l, r)).unzip();
        let (left, right) = (self.lower(&join.left)?, self.lower(&join.right)?);
        let (left, right) = (self.side(left, &l)?, self.side(right, &r)?);
        let (left, right) = if swapped { (right, left) } else { (left, right) };
        let joined = self.add_join(kind, &left, &right, join)?;
        Ok(self.join_output(joined, kind, swapped, &left, &right, join))
    }

    fn add_join(&mut self, kind: JoinKind, left: &Side, right: &Side, join: &Join) -> Result<Rel> {
        let pair = Arc::new(left.rel.schema.join(&right.rel.schema).map_err(from_datafusion)?);
        let residual = match &join.filter {
            None => None,
            Some(filter) => Some(scalar(self.compile(filter, &pair)?)),
        };
        let (left_expiry, right_expiry) = self.expiries(left, right);
        let bounded = left_expiry.is_some() && right_expiry.is_some();
        if (left.rel.unbounded || right.rel.unbounded) && !bounded {
            self.notice_unbounded("join", "join on the bounds of equal windows with EMIT ON WINDOW CLOSE to bound it");
        }
        let spec = JoinSpec {
            kind,
            left_keys: left.keys.clone(),
            right_keys: right.keys.clone(),
            nulls_equal: join.null_equality == NullEquality::NullEqualsNull,
            residual,
            pair_schema: Arc::new(pair.as_arrow().clone()),
            left_expiry,
            right_expiry,
        };
        let rel = self.joined(kind, left, right, &spec, pair)?;
        let inputs = vec![(left.rel.node, left.rel.route_by(&left.keys)), (right.rel.node, right.rel.route_by(&right.keys))];
        // Both sides must be sent to the same place: by the same number of the same keys, or not at all.
        let inputs = if aligned(left, right) { inputs } else { rerouted(left, right) };
        let node = self.graph.add(OpSpec::Join(spec), inputs, rel.arrow(), rel.append_only);
        Ok(Rel { node, ..rel })
    }

    /// What is known of a join's rows.
    fn joined(&self, kind: JoinKind, left: &Side, right: &Side, spec: &JoinSpec, pair: Arc<DFSchema>) -> Result<Rel> {
        let (l, r) = (&left.rel, &right.rel);
        let offset = l.width();
        let shift = |time: &TimeColumn| TimeColumn { column: time.column + offset, delay: time.delay };
        let keeps_right = matches!(kind, JoinKind::Inner | JoinKind::Left | JoinKind::Full);
        let key = match (kind, &l.key, &r.key) {
            (JoinKind::LeftSemi | JoinKind::LeftAnti, key, _) => key.clone(),
            (JoinKind::Inner | JoinKind::Left, Some(l), Some(r)) => {
                Some(l.iter().copied().chain(r.iter().map(|column| column + offset)).collect())
            }
            _ => None,
        };
        let mut times = if kind == JoinKind::Full { Vec::new() } else { l.times.clone() };
        if kind == JoinKind::Inner {
            times.extend(r.times.iter().map(shift));
        }
        let same_window = spec.left_expiry.is_some() && spec.right_expiry.is_some();
        let placement = if spec.left_keys.is_empty() { Placement::First } else { Placement::By(spec.left_keys.clone()) };
        Ok(Rel {
            node: l.node,
            schema: if keeps_right { output_schema(kind, &pair, offset)? } else { l.schema.clone() },
            append_only: kind == JoinKind::Inner && l.append_only && r.append_only,
            key,
            times,
            placement: if kind == JoinKind::Full { Placement::Anywhere } else { placement },
            net: kind == JoinKind::Inner && l.append_only && r.append_only,
            closed: l.closed && r.closed && (same_window || !l.unbounded || !r.unbounded),
            unbounded: l.unbounded || r.unbounded,
        })
    }

    /// Rows of equal windows meet only each other: once the window is closed they can go.
    fn expiries(&self, left: &Side, right: &Side) -> (Option<Expiry>, Option<Expiry>) {
        let lateness = match self.close {
            Close::Never => return (None, None),
            Close::Ends { lateness } | Close::Gives { lateness } => lateness,
        };
        for (&l, &r) in left.keys.iter().zip(&right.keys) {
            if let (Some(left_delay), Some(right_delay)) = (left.rel.time(l), right.rel.time(r)) {
                let delay = left_delay.max(right_delay) + lateness;
                let expiry = |column| Expiry { column, late_delay: delay, delay };
                return (Some(expiry(l)), Some(expiry(r)));
            }
        }
        (None, None)
    }

    /// The columns the plan asks for, in its order: computed keys go, and a swapped join is turned back.
    fn join_output(&mut self, joined: Rel, kind: JoinKind, swapped: bool, left: &Side, right: &Side, join: &Join) -> Rel {
        let own: Vec<usize> = (0..left.width).collect();
        let offset = left.rel.width();
        let other: Vec<usize> = (offset..offset + right.width).collect();
        let columns = match kind {
            JoinKind::LeftSemi | JoinKind::LeftAnti => own,
            JoinKind::Inner | JoinKind::Left | JoinKind::Full if swapped => [other, own].concat(),
            JoinKind::Inner | JoinKind::Left | JoinKind::Full => [own, other].concat(),
        };
        self.pick(joined, &columns, join.schema.clone())
    }
}

/// The columns of a pair, as a row without a partner leaves them: an outer join makes NULLs where the input had none.
fn output_schema(kind: JoinKind, pair: &Arc<DFSchema>, left_width: usize) -> Result<Arc<DFSchema>> {
    let padded = |column: usize| match kind {
        JoinKind::Left => column >= left_width,
        JoinKind::Full => true,
        JoinKind::Inner | JoinKind::LeftSemi | JoinKind::LeftAnti => false,
    };
    let fields = pair.iter().enumerate().map(|(column, (qualifier, field))| {
        let nullable = field.is_nullable() || padded(column);
        (qualifier.cloned(), Arc::new(field.as_ref().clone().with_nullable(nullable)))
    });
    let schema = DFSchema::new_with_metadata(fields.collect(), pair.metadata().clone()).map_err(from_datafusion)?;
    Ok(Arc::new(schema))
}

fn orient(join: &Join) -> Result<Oriented> {
    let (kind, swapped) = match join.join_type {
        JoinType::Inner => (JoinKind::Inner, false),
        JoinType::Left => (JoinKind::Left, false),
        JoinType::Right => (JoinKind::Left, true),
        JoinType::Full => (JoinKind::Full, false),
        JoinType::LeftSemi => (JoinKind::LeftSemi, false),
        JoinType::RightSemi => (JoinKind::LeftSemi, true),
        JoinType::LeftAnti => (JoinKind::LeftAnti, false),
        JoinType::RightAnti => (JoinKind::LeftAnti, true),
        JoinType::LeftMark | JoinType::RightMark => {
            return Err(Error::new(codes::LV_S304, "a subquery as one condition among others is not maintained")
                .with_hint("write EXISTS or IN as a condition joined by AND, or as a join"));
        }
    };
    Ok(Oriented { kind, swapped })
}

/// NOT IN gives nothing if the subquery has a NULL. Where there can be none it is an anti join.
fn refuse_null_aware(join: &Join) -> Result<()> {
    use datafusion::logical_expr::ExprSchemable;
    if !join.null_aware {
        return Ok(());
    }
    for (left, right) in &join.on {
        let nullable = left.nullable(join.left.schema()).map_err(from_datafusion)?
            || right.nullable(join.right.schema()).map_err(from_datafusion)?;
        if nullable {
            return Err(Error::new(codes::LV_S304, "NOT IN over a column that may be NULL is not maintained")
                .with_hint("declare the columns NOT NULL, or write NOT EXISTS (SELECT … WHERE a = b)"));
        }
    }
    Ok(())
}

/// Whether both sides are where the other's rows are, each going only its own way.
fn aligned(left: &Side, right: &Side) -> bool {
    use levada_dataflow::Route;
    match (left.rel.route_by(&left.keys), right.rel.route_by(&right.keys)) {
        (Route::Hash(_), Route::Hash(_)) | (Route::Single, Route::Single) => true,
        (Route::Single, Route::Local) | (Route::Local, Route::Single) => left.keys.is_empty(),
        (Route::Local, Route::Local) => match (&left.rel.placement, &right.rel.placement) {
            (Placement::First, Placement::First) => true,
            (Placement::By(l), Placement::By(r)) => *l == left.keys && *r == right.keys,
            _ => false,
        },
        (Route::Local, Route::Hash(_)) => left.rel.placement == Placement::By(left.keys.clone()),
        (Route::Hash(_), Route::Local) => right.rel.placement == Placement::By(right.keys.clone()),
        _ => false,
    }
}

/// Both sides by all keys.
fn rerouted(left: &Side, right: &Side) -> Vec<(levada_dataflow::NodeId, levada_dataflow::Route)> {
    use levada_dataflow::Route;
    let route = |side: &Side| if side.keys.is_empty() { Route::Single } else { Route::Hash(side.keys.clone()) };
    vec![(left.rel.node, route(left)), (right.rel.node, route(right))]
}
