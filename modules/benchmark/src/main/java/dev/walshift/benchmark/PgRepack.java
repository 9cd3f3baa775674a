package dev.walshift.benchmark;

import java.io.IOException;
import java.util.List;

/** pg_repack, which rebuilds the table but changes no schema. */
final class PgRepack implements Contender {
    @Override
    public String name() {
        return "pg_repack -j 2";
    }

    static boolean isThere(Bench bench) {
        return bench.installed().isPresent() && bench.program("pg_repack").isPresent();
    }

    @Override
    public void run(Arena arena, Dataset dataset) throws IOException, InterruptedException {
        String output = arena.program(List.of(
                arena.bench().program("pg_repack").orElseThrow().toString(),
                "--host=" + arena.server().host(),
                "--port=" + arena.server().port(),
                "--username=" + arena.server().user(),
                "--dbname=" + Arena.DATABASE,
                "--table=public.t",
                "--no-order",
                "--jobs=2"));
        if (output.contains("ERROR")) {
            throw new IOException(output);
        }
    }
}
