package dev.walshift.benchmark;

/**
 * What the application does meanwhile, as pgbench scripts. {@code :rows} is the number of rows at the start. No column that changes its
 * type is read: a prepared statement would fail with "cached plan must not change result type", as after any ALTER (docs/compatibility.md).
 */
enum Load {
    UPDATES("single-row updates", """
        \\set id random(1, :rows)
        UPDATE t SET amount = amount + 1 WHERE id = :id;
        """),
    MIX("inserts, updates, deletes and selects", """
        \\set id random(1, :rows)
        \\set other random(1, :rows)
        INSERT INTO t SELECT :rows + nextval('added'), :id, 1, 'new', 'added', now();
        UPDATE t SET amount = amount + 1, customer = :other WHERE id = :id;
        DELETE FROM t WHERE id = :rows + currval('added') - 500;
        SELECT amount, note FROM t WHERE id = :id;
        """);

    private final String title;
    private final String script;

    Load(String title, String script) {
        this.title = title;
        this.script = script;
    }

    String title() {
        return title;
    }

    String script() {
        return script;
    }
}
