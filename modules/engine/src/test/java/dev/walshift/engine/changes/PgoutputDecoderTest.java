package dev.walshift.engine.changes;

import static dev.walshift.engine.changes.PgoutputMessage.UNCHANGED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Xid;
import java.util.List;
import org.junit.jupiter.api.Test;

class PgoutputDecoderTest {
    /** Beyond 2^31: oids are unsigned. */
    private static final long TABLE = 4_000_000_000L;

    private static final long OTHER = 17;
    private static final Xid NEAR = new Xid(0x2_0000_0100L);

    private final PgoutputDecoder decoder =
            new PgoutputDecoder(List.of(new StreamedTable(TABLE, List.of("b", "a"))), "prefix", NEAR, new Lsn(100));

    @Test
    void findsTheKeyWhereverTheStreamHasItsColumns() {
        read(PgoutputMessage.begin(0x101), PgoutputMessage.relation(TABLE, "a", "filler", "b"));
        read(PgoutputMessage.insert(TABLE, "1", null, "x"));
        read(PgoutputMessage.relation(TABLE, "b", "a"), PgoutputMessage.insert(TABLE, "y", "2"));
        assertThat(decoder.take().keys()).containsExactly(key(0x2_0000_0101L, "x", "1"), key(0x2_0000_0101L, "y", "2"));
    }

    @Test
    void widensXidsOnBothSidesOfAWraparound() {
        read(PgoutputMessage.relation(TABLE, "b", "a"));
        read(PgoutputMessage.begin(0xFFFF_FFF0), PgoutputMessage.insert(TABLE, "x", "1"), PgoutputMessage.commit(200));
        read(PgoutputMessage.begin(0x101), PgoutputMessage.insert(TABLE, "x", "2"), PgoutputMessage.commit(300));
        read(PgoutputMessage.begin(0x7000_0000), PgoutputMessage.insert(TABLE, "x", "3"), PgoutputMessage.commit(400));
        read(PgoutputMessage.begin(0xE000_0000), PgoutputMessage.insert(TABLE, "x", "4"), PgoutputMessage.commit(500));
        read(PgoutputMessage.begin(3), PgoutputMessage.insert(TABLE, "x", "5"), PgoutputMessage.commit(600));
        assertThat(decoder.take().keys())
                .extracting(ChangedKey::xid)
                .containsExactly(
                        new Xid(0x1_FFFF_FFF0L),
                        new Xid(0x2_0000_0101L),
                        new Xid(0x2_7000_0000L),
                        new Xid(0x2_E000_0000L),
                        new Xid(0x3_0000_0003L));
    }

    @Test
    void takesAKeyThatIsStoredOutOfLineFromTheOldRow() {
        read(PgoutputMessage.begin(1), PgoutputMessage.relation(TABLE, "b", "a", "filler"));
        read(PgoutputMessage.update(TABLE, 'K', new String[] {"long", "1", null}, UNCHANGED, "1", UNCHANGED));
        read(PgoutputMessage.update(TABLE, 'O', new String[] {"long", "2", "f"}, UNCHANGED, "3", UNCHANGED));
        assertThat(decoder.take().keys())
                .extracting(ChangedKey::values)
                .containsExactly(List.of("long", "1"), List.of("long", "3"), List.of("long", "2"));
    }

    @Test
    void refusesAChangeWithoutItsKey() {
        read(PgoutputMessage.begin(1), PgoutputMessage.relation(TABLE, "b", "a"));
        assertFails(PgoutputMessage.update(TABLE, UNCHANGED, "1"), ProblemCode.STREAM_FAILED, "came without its key");
        assertFails(PgoutputMessage.delete(TABLE, 'K', null, "1"), ProblemCode.STREAM_FAILED, "came without its key");
    }

    @Test
    void refusesARelationThatHasLostItsKey() {
        assertFails(
                PgoutputMessage.relation(TABLE, "b", "renamed"),
                ProblemCode.SOURCE_CHANGED,
                "no longer carries the identity key [b, a]");
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        assertFails(PgoutputMessage.of('S'), ProblemCode.STREAM_FAILED, "unknown message kind S");
        assertFails(PgoutputMessage.insert(TABLE, "x", "1"), ProblemCode.STREAM_FAILED, "before its description");
    }

    @Test
    void passesOverOtherTablesOriginsAndTypes() {
        read(PgoutputMessage.begin(1), PgoutputMessage.of('O'), PgoutputMessage.of('Y'));
        read(PgoutputMessage.relation(OTHER, "whatever"), PgoutputMessage.insert(OTHER, "1"));
        read(PgoutputMessage.update(OTHER, "1"), PgoutputMessage.delete(OTHER, 'O', "1"));
        read(PgoutputMessage.truncate(OTHER, TABLE), PgoutputMessage.commit(200));
        ChangeBatch batch = decoder.take();
        assertThat(batch.keys()).isEmpty();
        assertThat(batch.truncated()).containsExactly(TABLE);
    }

    @Test
    void handsAMarkerOverWhenItsTransactionHasCommitted() {
        read(PgoutputMessage.begin(1), PgoutputMessage.logical(true, "prefix", "mine ü"));
        read(PgoutputMessage.logical(true, "prefix of another", "theirs"));
        read(PgoutputMessage.logical(false, "prefix", "not transactional"));
        assertThat(decoder.hasMarkers()).isFalse();
        assertThat(decoder.take().markers()).isEmpty();
        read(PgoutputMessage.commit(200));
        assertThat(decoder.hasMarkers()).isTrue();
        assertThat(decoder.take().markers()).containsExactly("mine ü");
        assertThat(decoder.take().markers()).isEmpty();
    }

    @Test
    void theEndIsBehindCompleteTransactionsOnly() {
        assertThat(decoder.take().end()).isEqualTo(new Lsn(100));
        decoder.idleAt(new Lsn(150));
        assertThat(decoder.take().end()).isEqualTo(new Lsn(150));
        read(
                PgoutputMessage.begin(1),
                PgoutputMessage.relation(TABLE, "b", "a"),
                PgoutputMessage.insert(TABLE, "x", "1"));
        decoder.idleAt(new Lsn(180));
        assertThat(decoder.pendingKeys()).isEqualTo(1);
        assertThat(decoder.take().end()).isEqualTo(new Lsn(150));
        read(PgoutputMessage.commit(200));
        assertThat(decoder.take().end()).isEqualTo(new Lsn(200));
        decoder.idleAt(new Lsn(190));
        assertThat(decoder.take().end()).isEqualTo(new Lsn(200));
    }

    private void read(PgoutputMessage... messages) {
        for (PgoutputMessage message : messages) {
            decoder.read(message.buffer());
        }
    }

    private void assertFails(PgoutputMessage message, ProblemCode code, String text) {
        assertThatThrownBy(() -> read(message))
                .isInstanceOfSatisfying(
                        MigrationException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(text);
    }

    private static ChangedKey key(long xid, String... values) {
        return new ChangedKey(TABLE, new Xid(xid), List.of(values));
    }
}
