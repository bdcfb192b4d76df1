//! Drawing who is assigned what.

use super::{Assign, Pane, roles};
use crate::console::canvas::Canvas;
use crate::console::page::{Page, Subject, prose};
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words;
use crate::model::ObjectType;
use crate::text::show;

/// Width of the left side, on a narrow and on a wide screen.
const LEFT: u16 = 34;
const LEFT_WIDE: u16 = 70;
/// From this width on there is room for more than the name.
const WIDE: u16 = 120;

impl Assign {
    pub(super) fn paint(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        let (w, h) = (canvas.width(), canvas.height());
        let x = canvas.put(1, 0, "Assign", Token::Strong);
        let app =
            self.known.as_ref().map_or_else(|| shared.job.target.clone(), |known| show(&known.principal.display_name));
        let x = canvas.put_in(x + 3, 0, w.saturating_sub(x + 40), app, Token::Text);
        if let Some(known) = &self.known {
            let n = words::count(known.assignments.len() as u64);
            let age = match words::age(shared.seconds_since(known.read)).as_str() {
                "now" => "read just now".to_owned(),
                age => format!("read {age} ago"),
            };
            canvas.put_right(x + 3, w.saturating_sub(1), 0, show(&format!("{n} assignments, {age}")), Token::Muted);
        } else if self.trouble.is_none() {
            canvas.put_right(x + 3, w.saturating_sub(1), 0, "reading assignments…", Token::Muted);
        }
        let left = if w >= WIDE { LEFT_WIDE } else { LEFT };
        let body = h.saturating_sub(2);
        self.who(&mut canvas.part(0, 2, left, body));
        canvas.v_line(left, 2, h);
        self.what(shared, &mut canvas.part(left + 2, 2, w.saturating_sub(left + 2), body));
    }

    /// The list of people or groups.
    fn who(&self, canvas: &mut Canvas<'_>) {
        let (w, h) = (canvas.width(), canvas.height());
        let focused = self.pane == Pane::Who;
        let title = if self.object_type == ObjectType::User { "Users" } else { "Groups" };
        let x = canvas.title(0, 0, title, focused);
        if let Some(total) = self.total {
            canvas.put_right(x + 2, w.saturating_sub(2), 0, show(&words::count(total)), Token::Muted);
        }
        canvas.put(1, 1, "/", if self.typing { Token::Accent } else { Token::Muted });
        canvas.input(3, 1, w.saturating_sub(5), &self.filter, self.typing);
        let room = h.saturating_sub(3);
        if self.rows.rows.is_empty() {
            let words = match (self.asked, self.filter.value().trim()) {
                (false, _) => show("reading…"),
                (true, "") => show("nobody was read yet; the first cycle reads them"),
                (true, text) => show(&format!("nothing matches \"{text}\"")),
            };
            prose::put(canvas, 3, 3, words.as_str(), Token::Muted);
            return;
        }
        let assigned = |id: &str| self.known.as_ref().is_some_and(|known| known.assigned.contains(id));
        let wide = w >= LEFT_WIDE;
        for (y, (i, row)) in (3..).zip(self.rows.visible(usize::from(room))) {
            if assigned(&row.id) {
                let ok = canvas.look.glyphs.ok;
                canvas.put_in(3, y, 1, ok, Token::Ok);
            }
            if wide {
                canvas.put_in(5, y, 25, show(&row.name), Token::Text);
                let behind = row.principal_name.as_deref().unwrap_or(&row.detail);
                let glyphs = &canvas.look.glyphs;
                let behind = show(&words::middle(show(behind).as_str(), usize::from(w.saturating_sub(34)), glyphs));
                canvas.put_in(32, y, w.saturating_sub(34), behind, Token::Muted);
            } else {
                canvas.put_in(5, y, w.saturating_sub(7), show(&row.name), Token::Text);
            }
            let chosen = match &self.given {
                Some(given) => given.id == row.id,
                None => i == self.rows.selected,
            };
            if chosen {
                canvas.select(1, y, w.saturating_sub(2), focused && !self.typing);
            }
        }
    }

    /// The roles of whoever is selected.
    fn what(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        let (w, h) = (canvas.width(), canvas.height());
        let focused = self.pane == Pane::Roles;
        let Some(object) = self.object() else {
            canvas.put(1, 0, "Nobody is selected.", Token::Muted);
            return;
        };
        let row = self.rows.rows.iter().find(|row| row.id == object.id);
        canvas.put_in(1, 0, w.saturating_sub(2), show(&self.name_of(&object)), Token::Strong);
        let more = match row {
            Some(row) => [row.principal_name.as_deref().unwrap_or_default(), row.detail.as_str()]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            None => object.name.clone(),
        };
        canvas.put_in(1, 1, w.saturating_sub(2), show(&more), Token::Muted);
        canvas.title(0, 3, "Roles", focused);
        let mut y = 4;
        let roles = &self.roles;
        if roles.is_empty() && self.trouble.is_none() {
            canvas.put(3, y, "reading…", Token::Muted);
            y += 1;
        }
        // Room for what stands below them: groups, or why something did not work.
        let selected = self.role.min(roles.len().saturating_sub(1));
        let shown = usize::from(h.saturating_sub(9).max(3));
        let from = selected.saturating_sub(shown - 1);
        for (i, role) in roles.iter().enumerate().skip(from).take(shown) {
            if role.held.is_some() {
                let ok = canvas.look.glyphs.ok;
                canvas.put_in(3, y, 1, ok, Token::Ok);
            }
            let name = w.saturating_sub(22).clamp(8, 30);
            canvas.put_in(5, y, name, show(&role.name), if role.usable { Token::Text } else { Token::Muted });
            let state = match (role.held.is_some(), role.usable) {
                (true, true) => "assigned",
                (true, false) => "assigned, off",
                (false, _) => "",
            };
            let x = canvas.put(5 + name + 2, y, state, Token::Text);
            if let Some(value) = role.value.as_deref().filter(|value| *value != role.name && w >= 60) {
                canvas.put_in((5 + name + 18).max(x + 2), y, w.saturating_sub(25 + name), show(value), Token::Muted);
            }
            if i == selected {
                canvas.select(1, y, w.saturating_sub(2), focused);
            }
            y += 1;
        }
        if let (Some(known), false) = (&self.known, self.through.is_empty()) {
            y += 1;
            canvas.title(0, y, "Through groups", false);
            y += 1;
            let name = w.saturating_sub(22).clamp(8, 30);
            for through in &self.through {
                canvas.put_in(5, y, name, show(&through.group), Token::Text);
                let role = roles::name_of(&known.principal, &through.role);
                canvas.put_in(5 + name + 2, y, w.saturating_sub(name + 8), show(&role), Token::Muted);
                y += 1;
            }
        }
        y += 1;
        if let Some(trouble) = &self.trouble {
            let mut y = prose::put(canvas, 1, y, trouble.what.as_str(), Token::Fail);
            for line in &trouble.advice {
                y = prose::put(canvas, 1, y, line.as_str(), Token::Text);
            }
            return;
        }
        if self.writing.since().is_some() {
            canvas.put(1, y, "It is being written. Leaving this page does not stop it.", Token::Muted);
            return;
        }
        let whom = match object.object_type {
            ObjectType::User => "user",
            ObjectType::Group => "group",
        };
        if shared.may_write(&Subject::Object(object)).is_err() {
            let words = format!("Write mode is off. Press W to unlock writing for this {whom}, for 5 minutes.");
            prose::put(canvas, 1, h.saturating_sub(2).max(y), &words, Token::Text);
        }
    }
}
