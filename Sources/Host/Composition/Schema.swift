import Runtime

/// The tables of the product, as numbered steps. A step that has been released is never edited: add another.
enum Schema {
    static let migrations: [Migration] = [
        Migration(
            1, "note when this store was made",
            """
            CREATE TABLE about (
                name TEXT NOT NULL PRIMARY KEY,
                value TEXT NOT NULL
            );
            INSERT INTO about (name, value) VALUES ('product', 'perigee');
            """),
        Migration(2, "values that scripts keep", StoredValues.schema),
    ]
}
