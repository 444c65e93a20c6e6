package io.taffrail.acceptance;

import org.opentest4j.TestAbortedException;

/// Says on the console what does not run here, and why: of tests that are skipped Maven prints no more than their
/// number.
final class Skip {
    private Skip() {}

    static void unless(boolean possible, String why) {
        if (!possible) {
            throw because(why);
        }
    }

    static TestAbortedException because(String why) {
        System.out.println("SKIPPED: " + why);
        return new TestAbortedException(why);
    }
}
