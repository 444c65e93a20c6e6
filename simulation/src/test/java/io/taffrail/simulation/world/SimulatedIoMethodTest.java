package io.taffrail.simulation.world;

import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoMethodContract;
import io.taffrail.wal.io.LogDirectory;

/// The simulated disk is one of the I/O methods.
class SimulatedIoMethodTest extends IoMethodContract {
    private final StandaloneProcess process = new StandaloneProcess(1);

    @Override
    protected LogDirectory openDirectory() {
        return process.directory();
    }

    @Override
    protected IoMethod openMethod(LogDirectory directory) {
        return process.io();
    }
}
