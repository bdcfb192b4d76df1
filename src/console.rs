//! The console: what a person sees and drives in a terminal.
//!
//! [`event::Event`] (came in) → [`action::Action`] (what the person means) → [`state::State::update`] (pure) →
//! [`effect::Effect`] (the only thing that does I/O; its answer comes back as an event). Drawing is pure too: no clock,
//! no database; the time is a field of the state.
//!
//! | file | holds |
//! |---|---|
//! | [`action`], [`keymap`], [`input_line`] | the one registry of actions, from keys to them, and pasting |
//! | [`state`], [`shared`], [`standing`] | the frame: what is open, what every page knows, how the job stands |
//! | [`page`], [`view`] | the stack of pages: five views, steppers, forms, dialogs |
//! | [`canvas`], [`style`], [`words`], [`attribute_words`], [`list`] | what pages draw with |
//! | [`command`] | what is copied for a shell |
//! | [`query`], [`reader`] | questions to the store, on a thread of their own |
//! | [`desk`] | what needs the engine or the network; the command line implements it |
//! | [`terminal`], [`app`] | the real terminal, and the loop |

pub mod action;
#[cfg(test)]
mod actions_tests;
pub mod app;
pub mod attribute_words;
pub mod canvas;
pub mod command;
pub mod desk;
pub mod effect;
pub mod event;
pub mod input_line;
pub mod keymap;
#[cfg(test)]
mod large_tests;
pub mod list;
#[cfg(test)]
mod moods_tests;
pub mod page;
pub mod query;
pub mod reader;
pub mod shared;
pub mod standing;
pub mod state;
pub mod style;
pub mod terminal;
#[cfg(test)]
pub(crate) mod testing;
pub mod view;
pub mod words;

use std::any::Any;

/// Fails when a test of the built binary asks for it, by `HEELER_FAULT=reader` or `HEELER_FAULT=drawing`: what becomes
/// of the terminal then can be seen in no other way. Release builds do not know it.
#[cfg(debug_assertions)]
fn fault(place: &str) {
    let asked = crate::config::process_env("HEELER_FAULT");
    assert!(asked.is_none_or(|asked| asked != place), "{place} was asked to fail");
}

#[cfg(not(debug_assertions))]
fn fault(_: &str) {}

/// What a worker said when it panicked.
fn worker_words(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
