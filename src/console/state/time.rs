//! What time alone does: messages go, write mode runs out, a selection has rested, ages grow.

use super::{Effect, MESSAGE, Query, SignedDuration, State, Timestamp, WriteMode, words};

impl State {
    /// What the time alone brings.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.message.as_ref().is_some_and(|m| m.at + MESSAGE <= now) {
            self.message = None;
        }
        if matches!(&self.shared.write, WriteMode::Unlocked { until, .. } if *until <= now) {
            self.shared.write = WriteMode::ReadOnly;
            effects.push(Effect::say("write mode is off again"));
        }
        if self.settle_at.is_some_and(|at| at <= now) {
            self.settle_at = None;
            let (page, shared) = self.top_mut();
            effects.extend(page.settled(shared));
        }
        if self.views[self.current].settles_at().is_some_and(|at| at <= now) {
            effects.extend(self.views[self.current].settled(&mut self.shared));
        }
        if self.refresh_at.is_some_and(|at| at <= now) {
            self.refresh_at = None;
            self.refreshed = now;
            effects.push(Effect::Query(Query::Standing));
            effects.extend(self.views[self.current].changed(&mut self.shared));
            for layer in &mut self.layers {
                effects.extend(layer.changed(&mut self.shared));
            }
        }
        effects
    }

    /// When time alone changes something, if it does.
    pub fn next_tick(&self) -> Option<Timestamp> {
        let shared = &self.shared;
        let second = || shared.now + SignedDuration::from_secs(1);
        let age = shared.standing.as_ref().and_then(|s| s.read_at).map(|at| {
            let after = words::age_changes_in(shared.seconds_since(at));
            shared.now + SignedDuration::try_from(after).unwrap_or(SignedDuration::from_secs(60))
        });
        let unlocked = match &shared.write {
            WriteMode::Unlocked { until, .. } => Some(second().min(*until)),
            WriteMode::ReadOnly | WriteMode::Open => None,
        };
        let top = self.layers.iter().filter_map(|l| l.changes_at(shared)).min();
        [
            self.message.as_ref().map(|m| m.at + MESSAGE),
            self.settle_at,
            self.refresh_at,
            age,
            unlocked,
            top,
            self.views[self.current].changes_at(shared),
            self.views[self.current].settles_at(),
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|at| at.max(shared.now))
    }
}
