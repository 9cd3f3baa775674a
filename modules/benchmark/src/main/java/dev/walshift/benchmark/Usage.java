package dev.walshift.benchmark;

/**
 * What one piece of work took.
 *
 * @param seconds from start to end
 * @param serverCpu seconds of CPU of the server, all its processes together
 * @param clientCpu seconds of CPU of the programs started for it
 * @param walBytes that the server wrote meanwhile
 * @param clientPeak the most memory that such a program had, in bytes
 */
record Usage(double seconds, double serverCpu, double clientCpu, long walBytes, long clientPeak) {
    double cpu() {
        return serverCpu + clientCpu;
    }
}
