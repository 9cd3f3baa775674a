package dev.walshift.benchmark;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;

/** pg_repack, which rebuilds the table but changes no schema. */
final class PgRepack implements Contender {
    private static final String FILE = "SELECT pg_relation_filenode('t')";

    @Override
    public String name() {
        return "pg_repack -j 2";
    }

    static boolean isThere(Bench bench) {
        return bench.installed().isPresent() && bench.program("pg_repack").isPresent();
    }

    @Override
    public void run(Arena arena, Dataset dataset) throws SQLException, IOException, InterruptedException {
        double before = arena.ask(FILE);
        String output = arena.program(List.of(
                arena.bench().program("pg_repack").orElseThrow().toString(),
                "--host=" + arena.server().host(),
                "--port=" + arena.server().port(),
                "--username=" + arena.server().user(),
                "--dbname=" + Arena.DATABASE,
                "--table=public.t",
                "--no-order",
                "--jobs=2"));
        // It only warns where it leaves a table out.
        if (arena.ask(FILE) == before) {
            throw new IOException("pg_repack did nothing: " + output);
        }
    }
}
