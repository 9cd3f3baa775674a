package dev.walshift.benchmark;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The least that any tool has to do: copy the rows and build the indexes by hand, with nobody to look after. */
final class Floor implements Contender {
    private static final int WORKERS = 2;

    /** How the rows get over. */
    enum Copy {
        /** One session, no free-space map to ask. */
        CREATE_TABLE_AS,
        /** Two sessions, each half of the pages. */
        INSERT_SELECT
    }

    private final Copy copy;

    Floor(Copy copy) {
        this.copy = copy;
    }

    @Override
    public String name() {
        return switch (copy) {
            case CREATE_TABLE_AS -> "by hand, CREATE TABLE AS";
            case INSERT_SELECT -> "by hand, two INSERT ... SELECT";
        };
    }

    @Override
    public void run(Arena arena, Dataset dataset) throws SQLException, InterruptedException {
        String rows = "SELECT %s FROM t".formatted(columns(dataset));
        switch (copy) {
            case CREATE_TABLE_AS -> arena.execute(Arena.DATABASE, "CREATE TABLE n AS " + rows);
            case INSERT_SELECT -> {
                arena.execute(Arena.DATABASE, "CREATE TABLE n AS %s LIMIT 0".formatted(rows));
                long half = (long) arena.ask("SELECT pg_relation_size('t') / 8192 / 2");
                sideBySide(
                        arena,
                        List.of(
                                "INSERT INTO n %s WHERE ctid < '(%d,0)'".formatted(rows, half),
                                "INSERT INTO n %s WHERE ctid >= '(%d,0)'".formatted(rows, half)));
            }
        }
        List<String> indexes = new ArrayList<>(List.of("CREATE UNIQUE INDEX n_pkey ON n (id)"));
        dataset.indexes()
                .forEach(index ->
                        indexes.add(index.replace("INDEX t_", "INDEX n_").replace(" ON t ", " ON n ")));
        sideBySide(arena, indexes);
    }

    private static String columns(Dataset dataset) {
        return switch (dataset) {
            case NARROW -> "id::bigint AS id, customer, amount, status, note, created_at";
            case TOASTED -> "id::bigint AS id, doc";
            case UUID -> "id, n::bigint AS n, note";
            case WIDE -> "id::bigint AS id, a, b, c, d, e, f, g, h, i";
        };
    }

    private static void sideBySide(Arena arena, List<String> statements) throws SQLException, InterruptedException {
        try (ExecutorService workers = Executors.newFixedThreadPool(WORKERS)) {
            List<Future<Boolean>> results = workers.invokeAll(statements.stream()
                    .<Callable<Boolean>>map(sql -> () -> {
                        try (Connection connection = arena.open();
                                Statement statement = connection.createStatement()) {
                            return statement.execute(sql);
                        }
                    })
                    .toList());
            for (Future<Boolean> result : results) {
                boolean unused = result.get();
            }
        } catch (ExecutionException e) {
            throw new SQLException(e.getCause());
        }
    }
}
