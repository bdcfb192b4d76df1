//! What an expression may know besides attributes: the clock, chance, the tenant, and what is taken.

use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random bytes.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) -> bool + Send + Sync;

impl Random {
    /// Bytes from a generator, which says whether it could give any. For values that are written to an app it must be
    /// a cryptographic one.
    pub fn new(fill: impl Fn(&mut [u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// The same bytes every time: for looking at values only, so that what is shown does not change from one look to
    /// the next. Anybody can guess them.
    pub fn guessable() -> Self {
        let state = AtomicU64::new(0x9e37_79b9_7f4a_7c15);
        Self::new(move |bytes| {
            for chunk in bytes.chunks_mut(8) {
                // SplitMix64: a counter, mixed.
                let mut z = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
                z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
                for (byte, mixed) in chunk.iter_mut().zip((z ^ z >> 31).to_le_bytes()) {
                    *byte = mixed;
                }
            }
            true
        })
    }

    /// Random bytes; `None` if the generator has none.
    pub(super) fn bytes<const N: usize>(&self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        (self.0)(&mut bytes).then_some(bytes)
    }

    /// A number below `bound` (at least 1, at most 2^32), each one equally likely.
    pub(super) fn below(&self, bound: usize) -> Option<usize> {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX).min(1 << 32);
        // A part of the numbers that is a multiple of the bound; whatever lies above it is drawn again. A generator
        // that never gives one is broken: after some tries its number is taken as it is.
        let even = (1_u64 << 32) / bound * bound;
        let mut number = 0;
        for _ in 0..64 {
            number = u64::from(u32::from_le_bytes(self.bytes()?));
            if number < even {
                break;
            }
        }
        usize::try_from(number % bound).ok()
    }

    pub(super) fn choose(&self, from: &[char]) -> Option<char> {
        from.get(self.below(from.len())?).copied()
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

/// What an expression may know besides attributes.
#[derive(Clone, Debug)]
pub struct Context {
    /// The clock.
    pub now: Timestamp,
    /// The tenant's default domain.
    pub default_domain: Option<String>,
    pub(super) random: Random,
    taken: Arc<HashSet<String>>,
    taken_of: Arc<HashMap<String, Arc<HashSet<String>>>>,
}

impl Context {
    /// A context for values that are written to an app.
    pub fn new(now: Timestamp, random: Random) -> Self {
        Self { now, default_domain: None, random, taken: Arc::default(), taken_of: Arc::default() }
    }

    /// A context for values that are only looked at: what is random is the same at every look, and not secret.
    pub fn preview(now: Timestamp) -> Self {
        Self::new(now, Random::guessable())
    }

    /// With the tenant's default domain.
    #[must_use]
    pub fn with_default_domain(mut self, domain: Option<String>) -> Self {
        self.default_domain = domain;
        self
    }

    /// With the values that are in the app already, for `SelectUniqueValue`. Letter case does not matter.
    #[must_use]
    pub fn with_existing<S: AsRef<str>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        self.taken = Arc::new(folded(values));
        self
    }

    /// With the values that are in the app already, by attribute of the app: [`Context::aimed_at`] takes those of one.
    #[must_use]
    pub fn with_existing_of<S: AsRef<str>>(mut self, values: impl IntoIterator<Item = (String, Vec<S>)>) -> Self {
        let of = |(target, values)| (target, Arc::new(folded::<S>(values)));
        self.taken_of = Arc::new(values.into_iter().map(of).collect());
        self
    }

    /// For a value of this attribute of the app.
    #[must_use]
    pub fn aimed_at(&self, target: &str) -> Self {
        let taken = self.taken_of.get(target).map_or_else(|| self.taken.clone(), Arc::clone);
        Self { taken, ..self.clone() }
    }

    pub(super) fn is_taken(&self, value: &str) -> bool {
        self.taken.contains(&value.to_lowercase())
    }
}

fn folded<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> HashSet<String> {
    values.into_iter().map(|value| value.as_ref().to_lowercase()).collect()
}
