package dev.walshift.engine.model;

import java.util.Set;

/**
 * Which transactions count as ended: all before {@code xmin}, none from {@code xmax} on, and between them those that were not running
 * (src/backend/utils/time/snapmgr.c, XidInMVCCSnapshot).
 */
record Snapshot(long xmin, long xmax, Set<Long> running) {
    Snapshot {
        running = Set.copyOf(running);
    }

    boolean sees(long xid) {
        return xid < xmin || (xid < xmax && !running.contains(xid));
    }
}
