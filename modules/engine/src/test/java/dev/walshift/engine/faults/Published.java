package dev.walshift.engine.faults;

import dev.walshift.postgres.QualifiedName;

/** How a publication is told of a table. */
enum Published {
    BY_NAME("TABLE %2$s", 14),
    BY_SCHEMA("TABLES IN SCHEMA %1$s", 15),
    WITH_ALL_TABLES("ALL TABLES", 14);

    private final String what;
    private final int since;

    Published(String what, int since) {
        this.what = what;
        this.since = since;
    }

    /** The first major version that has such publications. */
    int since() {
        return since;
    }

    /** @param publication its name as SQL */
    String create(String publication, QualifiedName table) {
        return "CREATE PUBLICATION %s FOR %s"
                .formatted(publication, what.formatted(table.schema().sql(), table.sql()));
    }
}
