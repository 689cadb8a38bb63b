use super::samples::every_page;
