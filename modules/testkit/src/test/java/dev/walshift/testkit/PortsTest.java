package dev.walshift.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import java.util.List;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;

final class PortsTest {
    private static IntSupplier candidates(int... ports) {
        Iterator<Integer> rest = List.of(ports[0], ports[1]).iterator();
        return rest::next;
    }

    /** As one server's is while it is stopped. */
    @Test
    void givesNobodyAPortThatIsClaimedAlthoughNobodyListens() {
        try (Ports.Claim first = Ports.claim();
                Ports.Claim free = Ports.claim()) {
            free.close();
            try (Ports.Claim second = Ports.claim(candidates(first.port(), free.port()))) {
                assertThat(second.port()).isEqualTo(free.port());
            }
            first.close();
            try (Ports.Claim again = Ports.claim(candidates(first.port(), free.port()))) {
                assertThat(again.port()).isEqualTo(first.port());
            }
        }
    }
}
