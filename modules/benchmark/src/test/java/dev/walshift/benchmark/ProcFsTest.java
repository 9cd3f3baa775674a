package dev.walshift.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class ProcFsTest {
    @Test
    void countsWhatAnEndedChildTook() throws Exception {
        long self = ProcessHandle.current().pid();
        double before = ProcFs.endedChildren(self);

        Process busy = new ProcessBuilder("sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done").start();
        assertThat(busy.waitFor()).isZero();

        assertThat(ProcFs.endedChildren(self)).isGreaterThan(before);
        assertThat(ProcFs.cpuOfTree(self)).isGreaterThanOrEqualTo(ProcFs.endedChildren(self));
    }

    @Test
    void knowsTheMemoryOfAProcessAndNothingOfOneThatIsGone() throws Exception {
        assertThat(ProcFs.peakMemory(ProcessHandle.current().pid())).isGreaterThan(10L << 20);
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        assertThat(ProcFs.peakMemory(gone.pid())).isZero();
        assertThat(ProcFs.cpuOfTree(gone.pid())).isZero();
    }
}
