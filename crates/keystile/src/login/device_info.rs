//! Describes this machine for the consent page and the list of sessions.

use crate::brand::Brand;
use crate::env::Environment;
use crate::oauth::DeviceInfo;

/// The device name (`name`, otherwise the host name), the operating system and the version of the tool.
pub(super) fn device_info(brand: &Brand, environment: &Environment, name: Option<&str>) -> DeviceInfo {
    DeviceInfo {
        device_name: name.map(str::to_owned).or_else(|| host_name(environment)),
        device_os: system(),
        tool_version: format!("{} {}", brand.name(), brand.version()),
    }
}

#[cfg(unix)]
fn host_name(_: &Environment) -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(not(unix))]
fn host_name(environment: &Environment) -> Option<String> {
    environment.get("COMPUTERNAME").map(str::to_owned)
}

fn system() -> String {
    match std::env::consts::OS {
        "linux" => "Linux".into(),
        "windows" => "Windows".into(),
        "macos" => format!("macOS {}", mac_version().unwrap_or_default()).trim().into(),
        other => other.into(),
    }
}

/// Darwin 24 is macOS 15, Darwin 25 is macOS 26.
#[cfg(unix)]
fn mac_version() -> Option<String> {
    let darwin: u32 = rustix::system::uname().release().to_str().ok()?.split('.').next()?.parse().ok()?;
    Some(if darwin >= 25 { darwin + 1 } else { darwin.checked_sub(9)? }.to_string())
}

#[cfg(not(unix))]
fn mac_version() -> Option<String> {
    None
}
