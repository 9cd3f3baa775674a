package dev.walshift.engine.rules;

/** The source as a table of wide rows, three to a page, so that a test knows where each row is. */
final class FatRows {
    static final String KEY = "order";
    static final int ROWS_PER_PAGE = 3;

    private FatRows() {}

    /** Creates the table with rows 1 to {@code rows}; the last page has room only if {@code rows} is no multiple of three. */
    static String[] create(int rows) {
        return new String[] {
            "CREATE SCHEMA \"%s\"".formatted(Scene.SOURCE.schema().name().replace("\"", "\"\"")),
            """
            CREATE TABLE {t} ("order" int PRIMARY KEY, "Group by" int NOT NULL, filler text NOT NULL)
              WITH (autovacuum_enabled = false)
            """,
            "ALTER TABLE {t} ALTER filler SET STORAGE PLAIN",
            insert(1, rows)
        };
    }

    static String insert(int first, int last) {
        return "INSERT INTO {t} SELECT i, 0, repeat('x', 2500) FROM generate_series(%d, %d) AS i"
                .formatted(first, last);
    }

    /** Writes a new version of a row, which is as wide as the old one and so can't stay on its full page. */
    static String update(int row) {
        return "UPDATE {t} SET \"Group by\" = \"Group by\" + 1 WHERE \"order\" = %d".formatted(row);
    }
}
