package dev.walshift.engine.changes;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** Writes pgoutput's messages as the server does (src/backend/replication/logical/proto.c). */
final class PgoutputMessage {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private PgoutputMessage(char kind) {
        bytes.write(kind);
    }

    static PgoutputMessage begin(int xid) {
        return new PgoutputMessage('B').int64(0).int64(0).int32(xid);
    }

    static PgoutputMessage commit(long end) {
        return new PgoutputMessage('C').int8(0).int64(end - 1).int64(end).int64(0);
    }

    static PgoutputMessage relation(long oid, String... columns) {
        PgoutputMessage message = new PgoutputMessage('R')
                .int32((int) oid)
                .string("schema")
                .string("table")
                .int8('d')
                .int16(columns.length);
        for (String column : columns) {
            message.int8(1).string(column).int32(25).int32(-1);
        }
        return message;
    }

    static PgoutputMessage insert(long oid, String... row) {
        return new PgoutputMessage('I').int32((int) oid).int8('N').row(row);
    }

    static PgoutputMessage update(long oid, String... row) {
        return new PgoutputMessage('U').int32((int) oid).int8('N').row(row);
    }

    /** @param kind of the old row: K for the replica identity's columns, O for all */
    static PgoutputMessage update(long oid, char kind, String[] old, String... row) {
        return new PgoutputMessage('U')
                .int32((int) oid)
                .int8(kind)
                .row(old)
                .int8('N')
                .row(row);
    }

    static PgoutputMessage delete(long oid, char kind, String... old) {
        return new PgoutputMessage('D').int32((int) oid).int8(kind).row(old);
    }

    static PgoutputMessage truncate(long... oids) {
        PgoutputMessage message = new PgoutputMessage('T').int32(oids.length).int8(1);
        for (long oid : oids) {
            message.int32((int) oid);
        }
        return message;
    }

    static PgoutputMessage logical(boolean transactional, String prefix, String content) {
        return new PgoutputMessage('M')
                .int8(transactional ? 1 : 0)
                .int64(0)
                .string(prefix)
                .int32(content.getBytes(UTF_8).length)
                .raw(content.getBytes(UTF_8));
    }

    /** A message that says no more than what it is. */
    static PgoutputMessage of(char kind) {
        return new PgoutputMessage(kind);
    }

    ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes.toByteArray());
    }

    /** In it {@link #UNCHANGED} stands for a value that is stored out of line and did not change, null for NULL. */
    private PgoutputMessage row(String... values) {
        int16(values.length);
        for (String value : values) {
            if (value == null) {
                int8('n');
            } else if (value.equals(UNCHANGED)) {
                int8('u');
            } else {
                int8('t').int32(value.getBytes(UTF_8).length).raw(value.getBytes(UTF_8));
            }
        }
        return this;
    }

    static final String UNCHANGED = "unchanged TOAST value";

    private PgoutputMessage string(String value) {
        return raw(value.getBytes(UTF_8)).int8(0);
    }

    private PgoutputMessage int8(int value) {
        bytes.write(value);
        return this;
    }

    private PgoutputMessage int16(int value) {
        return raw(ByteBuffer.allocate(Short.BYTES).putShort((short) value).array());
    }

    private PgoutputMessage int32(int value) {
        return raw(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
    }

    private PgoutputMessage int64(long value) {
        return raw(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
    }

    private PgoutputMessage raw(byte[] value) {
        bytes.writeBytes(value);
        return this;
    }
}
