// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/** The phase of one side of a migration. {@code io.vfio4j.engine.migration} describes their order. */
public sealed interface Phase {

  /** Returns a short name, as in {@code pre-copy}. */
  String title();

  /** Both sides check whether the migration is possible; no device has been touched. */
  record PreFlight() implements Phase {
    @Override
    public String title() {
      return "pre-flight";
    }
  }

  /**
   * The source streams state while its devices run.
   *
   * @param round the round, from 1
   */
  record PreCopy(int round) implements Phase {
    @Override
    public String title() {
      return "pre-copy";
    }
  }

  /**
   * The devices enter their P2P states; if all devices have one, the workload still runs.
   *
   * @param limit the timeout
   */
  record Quiescing(Duration limit) implements Phase {
    @Override
    public String title() {
      return "quiescing";
    }
  }

  /**
   * The source stops its devices and streams the rest.
   *
   * @param limit the maximum duration of the switchover
   */
  record StopCopy(Duration limit) implements Phase {
    @Override
    public String title() {
      return "stop-copy";
    }
  }

  /** All state is in the file, and the devices restart. */
  record Resuming() implements Phase {
    @Override
    public String title() {
      return "resuming";
    }
  }

  /** The file is completed and moved into place. */
  record Finishing() implements Phase {
    @Override
    public String title() {
      return "finishing";
    }
  }

  /** The target writes the state into its devices. */
  record Loading() implements Phase {
    @Override
    public String title() {
      return "loading";
    }
  }

  /** All state is at the target, and ownership passes. */
  record Handover() implements Phase {
    @Override
    public String title() {
      return "handover";
    }
  }

  /** The devices run at the target, or after their state was saved. */
  record Done() implements Phase {
    @Override
    public String title() {
      return "done";
    }
  }

  /**
   * Something failed, and this side rolls back or resets its devices.
   *
   * @param why what failed
   */
  record Aborting(String why) implements Phase {
    @Override
    public String title() {
      return "aborting";
    }
  }
}
