//! The static files, embedded in the binary, named by their content and compressed when it was built.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

/// The folder of the static files.
pub const FOLDER: &str = "/static/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// One static file.
pub struct Asset {
    /// `/static/NAME.HASH.EXT`
    pub url: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    /// Nothing for a format that is compressed already.
    compressed: Option<Compressed>,
}

struct Compressed {
    brotli: &'static [u8],
    gzip: &'static [u8],
}

/// Every static file.
pub struct Assets {
    pub stylesheet: Asset,
    pub script: Asset,
    pub icon: Asset,
    pub text_font: Asset,
    text_font_extended: Asset,
    code_font: Asset,
}

/// As `build.rs` wrote it.
pub static ASSETS: Assets = include!(concat!(env!("OUT_DIR"), "/static_files.rs"));

impl Assets {
    fn find(&self, name: &str) -> Option<&Asset> {
        [
            &self.stylesheet,
            &self.script,
            &self.icon,
            &self.text_font,
            &self.text_font_extended,
            &self.code_font,
        ]
        .into_iter()
        .find(|asset| asset.name() == name)
    }
}

impl Asset {
    fn name(&self) -> &str {
        self.url.strip_prefix(FOLDER).unwrap_or(self.url)
    }

    /// The body in the best encoding that the browser takes, and the name of that encoding.
    fn body(&self, accepted: &str) -> (&'static [u8], Option<&'static str>) {
        let takes = |coding: &str| {
            accepted.split(',').any(|entry| {
                let (name, quality) = entry.split_once(';').unwrap_or((entry, ""));
                name.trim().eq_ignore_ascii_case(coding) && !matches!(quality.trim(), "q=0" | "q=0.0")
            })
        };
        match &self.compressed {
            Some(compressed) if takes("br") => (compressed.brotli, Some("br")),
            Some(compressed) if takes("gzip") => (compressed.gzip, Some("gzip")),
            _ => (self.plain, None),
        }
    }
}

/// `GET /static/{name}`
pub async fn get(name: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let Some(asset) = ASSETS.find(&name) else { return HttpResponse::NotFound().finish() };
    let accepted = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (body, encoding) = asset.body(accepted);
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::VARY, "Accept-Encoding"));
    if let Some(encoding) = encoding {
        answer.insert_header((header::CONTENT_ENCODING, encoding));
    }
    answer.body(web::Bytes::from_static(body))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn every_font_in_the_stylesheet_is_served_under_its_name() {
        let css = String::from_utf8_lossy(ASSETS.stylesheet.plain).into_owned();
        let mut fonts = 0;
        for rest in css.split("url(\"").skip(1) {
            let name = rest.split('"').next().unwrap();
            assert!(ASSETS.find(name).is_some(), "{name} is not served");
            fonts += 1;
        }
        assert_eq!(fonts, 3);
    }

    #[test]
    fn every_file_of_others_is_as_it_was_fetched() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let lock = std::fs::read_to_string(root.join("static/VENDOR.lock")).unwrap();
        for line in lock.lines() {
            let (hash, path) = line.split_once("  ").unwrap();
            let found = Sha256::digest(std::fs::read(root.join(path)).unwrap());
            assert_eq!(format!("{found:x}"), hash, "{path}");
        }
        assert_eq!(
            lock.matches("templates/icons/").count(),
            std::fs::read_dir(root.join("templates/icons")).unwrap().count()
        );
    }

    #[test]
    fn a_changed_name_is_not_found() {
        assert!(ASSETS.find(ASSETS.script.name()).is_some());
        assert!(ASSETS.find("app.js").is_none());
        assert!(ASSETS.find("../Cargo.toml").is_none());
    }

    #[test]
    fn the_browser_gets_the_best_encoding_that_it_takes() {
        let encoding = |accepted| ASSETS.stylesheet.body(accepted).1;
        assert_eq!(encoding("gzip, deflate, br, zstd"), Some("br"));
        assert_eq!(encoding("gzip;q=1.0, br;q=0"), Some("gzip"));
        assert_eq!(encoding("identity"), None);
        assert_eq!(ASSETS.text_font.body("br").1, None);
    }

    #[test]
    fn the_files_stay_within_their_weight() {
        let brotli = |asset: &Asset| asset.compressed.as_ref().unwrap().brotli.len();
        assert!(brotli(&ASSETS.stylesheet) <= 8 * 1024, "{}", brotli(&ASSETS.stylesheet));
        assert!(brotli(&ASSETS.script) <= 3 * 1024, "{}", brotli(&ASSETS.script));
        assert!(ASSETS.text_font.plain.len() + ASSETS.code_font.plain.len() <= 90 * 1024);
    }
}
