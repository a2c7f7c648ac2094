@NullMarked
package io.vfio4j.cli.peer;

import org.jspecify.annotations.NullMarked;
