package dev.walshift.benchmark;

import java.util.ArrayList;
import java.util.List;

/** Tables to change. {@code %d} is the number of rows. */
enum Dataset {
    NARROW("narrow, three indexes", "ALTER COLUMN id TYPE bigint", """
        CREATE TABLE t (id int PRIMARY KEY, customer int NOT NULL, amount numeric(10,2) NOT NULL, status text NOT NULL,
                        note text NOT NULL, created_at timestamptz NOT NULL);
        INSERT INTO t SELECT i, i %% 50021, i %% 9973, 'state ' || i %% 7, md5(i::text),
                             '2025-01-01'::timestamptz + i * interval '1 second'
          FROM generate_series(1, %d) i
        """, """
            CREATE INDEX t_customer ON t (customer)
            CREATE INDEX t_created ON t (created_at)
            """),

    TOASTED("2 kB values out of line", "ALTER COLUMN id TYPE bigint", """
        CREATE TABLE t (id int PRIMARY KEY, doc text NOT NULL);
        ALTER TABLE t ALTER doc SET STORAGE EXTERNAL;
        INSERT INTO t SELECT i, (SELECT string_agg(md5((i * 100 + k)::text), '') FROM generate_series(1, 70) k)
          FROM generate_series(1, %d) i
        """, ""),

    UUID("uuid key", "ALTER COLUMN n TYPE bigint", """
        CREATE TABLE t (id uuid PRIMARY KEY, n int NOT NULL, note text NOT NULL);
        INSERT INTO t SELECT gen_random_uuid(), i, md5(i::text) FROM generate_series(1, %d) i
        """, """
            CREATE INDEX t_n ON t (n)
            """),

    WIDE("ten columns, five indexes", "ALTER COLUMN id TYPE bigint", """
        CREATE TABLE t (id int PRIMARY KEY, a int, b int, c bigint, d text, e text, f numeric, g timestamptz, h boolean, i jsonb);
        INSERT INTO t SELECT n, n %% 1000, n %% 77777, n * 3, md5(n::text), 'some text', n / 7.0, now(), n %% 2 = 0, '{"a": 1}'
          FROM generate_series(1, %d) n
        """, """
            CREATE INDEX t_a ON t (a)
            CREATE INDEX t_b ON t (b)
            CREATE INDEX t_cd ON t (c, d)
            CREATE INDEX t_g ON t (g)
            """);

    private final String title;
    private final String change;
    private final String fill;
    private final String indexes;

    Dataset(String title, String change, String fill, String indexes) {
        this.title = title;
        this.change = change;
        this.fill = fill;
        this.indexes = indexes;
    }

    String title() {
        return title;
    }

    /** What follows ALTER TABLE. */
    String change() {
        return change;
    }

    List<String> indexes() {
        return indexes.lines().toList();
    }

    /** Makes the table, all of it known to be visible, as in a table that has been there for long. */
    List<String> statements(long rows) {
        List<String> statements = new ArrayList<>(List.of(fill.formatted(rows)));
        statements.addAll(indexes());
        statements.add("VACUUM (FREEZE, ANALYZE) t");
        return statements;
    }
}
