package dev.walshift.testkit.workload;

import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/** Turns an {@link Operation} into changes of rows that are drawn at random. One thread. */
final class Script {
    private static final int HOT_ROWS = 3;
    private static final List<Operation> SINGLE_STEPS = List.of(
            Operation.INSERT,
            Operation.UPDATE,
            Operation.UPDATE,
            Operation.HOT_UPDATE,
            Operation.KEY_UPDATE,
            Operation.DELETE,
            Operation.REINSERT,
            Operation.SWAP);

    private final SplittableRandom random;
    private final Slice slice;

    Script(SplittableRandom random, Slice slice) {
        this.random = random;
        this.slice = slice;
    }

    /** Executes the changes of one operation; how the transaction ends is the caller's business. */
    void run(Operation operation, WriteTransaction transaction) throws SQLException {
        switch (operation) {
            case INSERT -> insert(transaction, slice.newSlot());
            case UPDATE -> update(transaction, pick(transaction), false);
            case HOT_UPDATE -> update(transaction, slice.pickHotRow(random, gone(transaction), HOT_ROWS), false);
            case WIDE_UPDATE -> update(transaction, pick(transaction), true);
            case KEY_UPDATE -> updateKey(transaction);
            case DELETE -> delete(transaction);
            case REINSERT -> insert(transaction, unusedSlot(transaction));
            case SWAP -> swap(transaction);
            case MULTI_ROW -> steps(transaction, random.nextInt(2, 20));
            case ROLLBACK, PREPARED -> steps(transaction, random.nextInt(1, 4));
            case SAVEPOINT -> savepoints(transaction);
        }
    }

    private void steps(WriteTransaction transaction, int count) throws SQLException {
        for (int i = 0; i < count; i++) {
            run(SINGLE_STEPS.get(random.nextInt(SINGLE_STEPS.size())), transaction);
        }
    }

    private void savepoints(WriteTransaction transaction) throws SQLException {
        steps(transaction, 1);
        transaction.withSavepoint(random.nextBoolean(), () -> {
            steps(transaction, random.nextInt(1, 3));
            transaction.withSavepoint(random.nextBoolean(), () -> steps(transaction, 1));
        });
        steps(transaction, random.nextInt(0, 2));
    }

    private void insert(WriteTransaction transaction, int slot) throws SQLException {
        int token = slice.newToken();
        boolean wide = random.nextInt(10) == 0;
        transaction.insert(slot, RowState.inserted(token, token, wide));
    }

    private void update(WriteTransaction transaction, OptionalInt slot, boolean wide) throws SQLException {
        if (slot.isEmpty()) {
            insert(transaction, slice.newSlot());
            return;
        }
        RowState row = row(transaction, slot.getAsInt());
        int token = slice.newToken();
        if (wide) {
            transaction.update(slot.getAsInt(), row.withPayload(token, true), Column.PAYLOAD);
        } else {
            transaction.update(slot.getAsInt(), row.touched(token));
        }
    }

    private void updateKey(WriteTransaction transaction) throws SQLException {
        OptionalInt from = pick(transaction);
        if (from.isPresent()) {
            RowState row = row(transaction, from.getAsInt());
            int to = random.nextBoolean() ? slice.newSlot() : unusedSlot(transaction);
            transaction.updateKey(from.getAsInt(), to, row.touched(slice.newToken()));
        }
    }

    private void delete(WriteTransaction transaction) throws SQLException {
        OptionalInt slot = pick(transaction);
        if (slot.isPresent()) {
            transaction.delete(slot.getAsInt());
        }
    }

    private void swap(WriteTransaction transaction) throws SQLException {
        OptionalInt first = pick(transaction);
        if (first.isEmpty()) {
            return;
        }
        Set<Integer> excluded = gone(transaction);
        excluded.add(first.getAsInt());
        OptionalInt second = slice.pickRow(random, excluded);
        if (second.isPresent()) {
            swap(transaction, first.getAsInt(), second.getAsInt(), random.nextBoolean());
        }
    }

    private void swap(WriteTransaction transaction, int first, int second, boolean byPlaceholder) throws SQLException {
        RowState firstRow = row(transaction, first);
        RowState secondRow = row(transaction, second);
        int token = slice.newToken();
        RowState secondAfter = secondRow.withCode(firstRow.code(), token);
        if (byPlaceholder) {
            transaction.updateToPlaceholder(first, token);
            transaction.update(second, secondAfter, Column.CODE);
            transaction.update(first, firstRow.withCode(secondRow.code(), token), Column.CODE);
        } else {
            transaction.delete(first);
            transaction.update(second, secondAfter, Column.CODE);
            transaction.insert(first, firstRow.reinserted(secondRow.code(), token));
        }
    }

    /** Now and then a row that this transaction has written itself, so that some are changed twice. */
    private OptionalInt pick(WriteTransaction transaction) {
        List<Integer> own = List.copyOf(present(transaction));
        return !own.isEmpty() && random.nextInt(4) == 0
                ? OptionalInt.of(own.get(random.nextInt(own.size())))
                : slice.pickRow(random, gone(transaction));
    }

    private int unusedSlot(WriteTransaction transaction) {
        return slice.pickDeleted(random, present(transaction)).orElseGet(slice::newSlot);
    }

    private static Set<Integer> present(WriteTransaction transaction) {
        return staged(transaction, Optional::isPresent);
    }

    private static Set<Integer> gone(WriteTransaction transaction) {
        return staged(transaction, Optional::isEmpty);
    }

    /** In the order of the changes, because a run must be repeatable by its seed. */
    private static Set<Integer> staged(WriteTransaction transaction, Predicate<Optional<RowState>> condition) {
        Set<Integer> slots = new LinkedHashSet<>();
        transaction.staged().forEach((slot, row) -> {
            if (condition.test(row)) {
                slots.add(slot);
            }
        });
        return slots;
    }

    private static RowState row(WriteTransaction transaction, int slot) {
        Optional<RowState> row = transaction.state(slot);
        return row.orElseThrow(() -> new IllegalStateException("there is no row in slot %d".formatted(slot)));
    }
}
