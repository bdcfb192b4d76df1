//! What was last observed about the job: settings, fingerprints, quarantine, the app and the tenant.

use super::StoreError;
use super::rows::{from_json, to_json};
use crate::model::{Health, Organization, Quarantine, ServicePrincipal};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Tenant id the mirror was read from.
pub const TENANT: &str = "tenant";
/// Whether the job was enabled when last seen: `true` or `false`.
pub const ENABLED: &str = "enabled";
/// Settings of a job that has no configuration file: what somebody changed, as JSON.
pub const SETTINGS: &str = "settings";
/// Fingerprint of the configuration of the last cycle.
pub const CONFIG: &str = "config fingerprint";
/// Fingerprint of the mappings of the last cycle; another one means an initial cycle (E10.41).
pub const MAPPING: &str = "mapping fingerprint";
const QUARANTINE: &str = "quarantine";
const SERVICE_PRINCIPAL: &str = "service principal";
const ORGANIZATION: &str = "organization";
const HEALTH: &str = "health";
/// When the directory was last read to the end, RFC 3339 UTC: by a cycle, or for a plan.
pub const READ_AT: &str = "directory read at";
/// Print of the plan that was made last.
pub const PLAN: &str = "plan";
/// The cycle that a person stopped, so that it is not made up for at once.
pub const STOPPED: &str = "stopped by a person";

/// The value stored under a key.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn get(c: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let mut statement = c.prepare_cached("SELECT value FROM job WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// Stores a value under a key, replacing the one before.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn set(c: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    c.prepare_cached("INSERT INTO job (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")?
        .execute(params![key, value])?;
    Ok(())
}

/// Forgets a key; no error if it is not there.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn remove(c: &Connection, key: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM job WHERE key = ?1")?.execute([key])?;
    Ok(())
}

/// [`get`] for a value stored with [`set_json`].
///
/// # Errors
/// [`StoreError::Value`] if it does not have that form.
pub fn get_json<T: DeserializeOwned>(c: &Connection, key: &str) -> Result<Option<T>, StoreError> {
    get(c, key)?.map(|text| from_json("job.value", &text)).transpose()
}

/// Stores any serializable value under a key.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn set_json(c: &Connection, key: &str, value: &impl Serialize) -> Result<(), StoreError> {
    set(c, key, &to_json("job.value", value)?)
}

/// The quarantine the job is in, if it is (E10.20).
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn quarantine(c: &Connection) -> Result<Option<Quarantine>, StoreError> {
    get_json(c, QUARANTINE)
}

/// Imposes, keeps or (with `None`) lifts the quarantine.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn set_quarantine(c: &Connection, quarantine: Option<&Quarantine>) -> Result<(), StoreError> {
    quarantine.map_or_else(|| remove(c, QUARANTINE), |q| set_json(c, QUARANTINE, q))
}

/// The app's service principal as last read.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn service_principal(c: &Connection) -> Result<Option<ServicePrincipal>, StoreError> {
    get_json(c, SERVICE_PRINCIPAL)
}

/// Stores the app's service principal.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn set_service_principal(c: &Connection, principal: &ServicePrincipal) -> Result<(), StoreError> {
    set_json(c, SERVICE_PRINCIPAL, principal)
}

/// The tenant as last read.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn organization(c: &Connection) -> Result<Option<Organization>, StoreError> {
    get_json(c, ORGANIZATION)
}

/// Stores the tenant.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn set_organization(c: &Connection, organization: &Organization) -> Result<(), StoreError> {
    set_json(c, ORGANIZATION, organization)
}

/// How directory and app were doing when last tried.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn health(c: &Connection) -> Result<Health, StoreError> {
    Ok(get_json(c, HEALTH)?.unwrap_or_default())
}

/// Stores how directory and app are doing.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn set_health(c: &Connection, health: &Health) -> Result<(), StoreError> {
    set_json(c, HEALTH, health)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::memory;

    #[test]
    fn keys_are_set_replaced_and_removed() {
        let c = memory();
        assert_eq!(get(&c, TENANT).unwrap(), None);
        set(&c, TENANT, "a").unwrap();
        set(&c, TENANT, "b").unwrap();
        assert_eq!(get(&c, TENANT).unwrap().as_deref(), Some("b"));
        remove(&c, TENANT).unwrap();
        remove(&c, TENANT).unwrap();
        assert_eq!(get(&c, TENANT).unwrap(), None);
    }

    #[test]
    fn typed_values_come_back_as_they_went_in() {
        let c = memory();
        let quarantine_in = Quarantine {
            reason: "TooManyDeletes".into(),
            error: "12 users".into(),
            series_began: "2026-11-01T00:00:00Z".into(),
            current_began: "2026-11-02T00:00:00Z".into(),
            series_count: 3,
            next_attempt: "2026-11-03T00:00:00Z".into(),
        };
        set_quarantine(&c, Some(&quarantine_in)).unwrap();
        assert_eq!(quarantine(&c).unwrap(), Some(quarantine_in));
        set_quarantine(&c, None).unwrap();
        assert_eq!(quarantine(&c).unwrap(), None);

        let principal = ServicePrincipal { id: "sp".into(), display_name: "Flock".into(), ..Default::default() };
        set_service_principal(&c, &principal).unwrap();
        assert_eq!(service_principal(&c).unwrap(), Some(principal));
        let tenant = Organization { id: "t".into(), display_name: "Contoso".into(), default_domain: None };
        set_organization(&c, &tenant).unwrap();
        assert_eq!(organization(&c).unwrap(), Some(tenant));

        assert_eq!(health(&c).unwrap(), Health::default());
        let app = crate::model::SideHealth {
            state: crate::model::SideState::Slow,
            at: "2026-11-01T00:00:00Z".into(),
            last_contact: None,
            median_ms: Some(80),
            p95_ms: Some(4_100),
            recent: 20,
            timeouts: 3,
            throttled: 2,
            wait_until: None,
            since: Some("2026-11-01T00:00:00Z".into()),
            error: Some("3 of the last 20".into()),
            failed_attempts: 0,
            next_attempt: None,
        };
        let both = Health { directory: None, app: Some(app) };
        set_health(&c, &both).unwrap();
        assert_eq!(health(&c).unwrap(), both);

        set(&c, "organization", "{").unwrap();
        assert!(matches!(organization(&c), Err(StoreError::Value { .. })));
    }
}
