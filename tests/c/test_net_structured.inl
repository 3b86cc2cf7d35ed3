/* test_net_structured.inl: block-diagonal layers and smooth pieces against plain loops, and what they refuse. */

/* Outputs of any number of rows, and of every one alone. */
static void FN(test_structured_outputs)(void)
{
    const size_t rows[] = {1, HBCD_FEW_ROWS, HBCD_FEW_ROWS + 1, HBCD_TILE + 3};
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
        for (int which = 0; which < N_STRUCTURED; which++)
            for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
                problem p;
                TY(world) world;
                double wanted[2], all[2 * (HBCD_TILE + 3)], one[2], apart = 0;
                int differ = 0;
                make_structured(&p, which, rows[k], 0);
                p.spec.isa = isa;
                FN(open_world)(&p, &world);
                hbcd_table x = table_of(p.x, HBCD_F64, rows[k], p.spec.n_in), to = table_of(all, HBCD_F64, rows[k], 2);
                CHECK(FN(predict)(&world, &x, 1, &to) == HBCD_OK);
                for (size_t r = 0; r < rows[k]; r++) {
                    hbcd_table row = table_of(p.x + r * p.spec.n_in, HBCD_F64, 1, p.spec.n_in);
                    hbcd_table out = table_of(one, HBCD_F64, 1, 2);
                    CHECK(FN(predict)(&world, &row, 1, &out) == HBCD_OK);
                    oracle_row(&p.spec, p.theta, p.x + r * p.spec.n_in, wanted);
                    for (size_t o = 0; o < 2; o++) apart = fmax(apart, fabs(all[2 * r + o] - wanted[o]));
                    differ += memcmp(one, all + 2 * r, sizeof one) != 0;
                }
                CHECK(apart <= (REAL_IS_F32 ? 5e-6 : 1e-14));
                CHECK(differ == 0);
                FN(close_world)(&world);
                free_problem(&p);
            }
}

/* Whatever weight or input is no number: the outputs alone would not tell, behind a bounded activation. */
static void FN(test_a_few_rows_say_what_is_not_finite)(void)
{
    const double bad[] = {NAN, INFINITY, -INFINITY};
    problem p;
    TY(world) world;
    double out[4];
    make_structured(&p, PIECES_FIRST, 2, 0);
    for (size_t k = 0; k < 3; k++) {
        hbcd_table x = table_of(p.x, HBCD_F64, 2, 3), to = table_of(out, HBCD_F64, 2, 2);
        FN(open_world)(&p, &world);
        for (size_t i = 0; i < p.n_params; i++) {
            world.theta[i] = (REAL)bad[k];
            CHECK(FN(predict)(&world, &x, 1, &to) == HBCD_STOP_NOT_FINITE);
            world.theta[i] = (REAL)p.theta[i];
        }
        for (size_t i = 0; i < 6; i++) {
            const double kept = p.x[i];
            p.x[i] = bad[k];
            CHECK(FN(predict)(&world, &x, 1, &to) == HBCD_STOP_NOT_FINITE);
            p.x[i] = kept;
        }
        CHECK(FN(predict)(&world, &x, 1, &to) == HBCD_OK);
        FN(close_world)(&world);
    }
    free_problem(&p);
}

/* A block is the slice of the whole, and so is the whole with room for what the pieces make of the rows: the same bits. */
static void FN(test_structured_blocks)(void)
{
    for (int which = 0; which < N_STRUCTURED; which++) {
        problem p;
        TY(world) world;
        double f, f_block;
        REAL g[MAX_PARAMS], block[MAX_PARAMS];
        make_structured(&p, which, 600, 1);
        FN(open_world)(&p, &world);
        world.data.penalty = 0.5;
        CHECK(FN(whole)(&world, 2, NULL, &f, g) == HBCD_OK);
        FN(bind_world)(&world, 2, NULL);
        hbcd_arena count = {NULL, 0, 0};
        FN(bound_keep_fixed)(&world.bound, 600, &count);
        memory fixed = borrow(count.used);
        CHECK((which == PIECES_FIRST) == (count.used > 0));
        FN(bound_keep_fixed)(&world.bound, 600, &fixed.arena);
        for (int b = -1; b < (int)world.net->n_blocks; b++) {
            CHECK(FN(eval_block)(&world, b, &f_block, block) == HBCD_OK);
            CHECK(f_block == f);
            CHECK(memcmp(block, g + world.bound.start, world.bound.n * sizeof *g) == 0);
        }
        give_back(&fixed);
        FN(close_world)(&world);
        free_problem(&p);
    }
}

/* A part may have an activation from outside, which gets its z. */
static void FN(test_a_part_may_have_a_hook)(void)
{
    const double slack = REAL_IS_F32 ? 2e-6 : 1e-14;
    hbcd_part_spec parts[4];
    for (size_t k = 0; k < 2; k++)
        for (size_t rows = 1; rows <= 300; rows += 299) {
            problem p;
            TY(world) world;
            TY(hook) hook = {0};
            double f, f_hook, g[MAX_PARAMS], g_hook[MAX_PARAMS];
            REAL typed[MAX_PARAMS];
            make_structured(&p, PARTS_FIRST, rows, 0);
            FN(gradient_of)(&p, 1, &f, g);
            memcpy(parts, mixed_parts, sizeof parts);
            parts[k].activation = HBCD_ACTIVATION_HOOK;
            parts[k].activation_hook = (hbcd_activation_hook){FN(slow_tanh), FN(slow_tanh_slope), &hook, NULL};
            p.layers[0].parts = parts;
            FN(open_world)(&p, &world);
            CHECK(FN(whole)(&world, 1, NULL, &f_hook, typed) == HBCD_OK);
            for (size_t i = 0; i < p.n_params; i++) g_hook[i] = (double)typed[i];
            CHECK_NEAR(f_hook, f, slack);
            CHECK(distance(p.n_params, g_hook, g) <= 10 * slack);
            CHECK(hook.calls > 0 && !hook.wrong_dtype);
            FN(close_world)(&world);
            free_problem(&p);
        }
}

static void FN(test_structured_layers_are_checked)(void)
{
    problem p;
    hbcd_part_spec parts[4];
    make_structured(&p, PIECES_FIRST, 1, 0);
    const hbcd_net_spec good = p.spec;
    const hbcd_layer_spec pieces = p.layers[0], shared = p.layers[1], own = p.layers[2];
    const size_t beyond[] = {0, 3, 2};
    const double not[] = {0, NAN, 1}, none[] = {1, 0, 1}, endless[] = {1, INFINITY, 1}, below[] = {1, -1, 1};
    CHECK(FN(made)(&good) == HBCD_OK);
    for (int k = 0; k < 15; k++) {
        p.layers[0] = pieces, p.layers[1] = shared, p.layers[2] = own;
        memcpy(parts, mixed_parts, sizeof parts);
        if (k >= 8) p.layers[1].parts = parts;
        switch (k) {
        case 0: p.layers[0].columns = beyond; break;
        case 1: p.layers[0].centers = not; break;
        case 2: p.layers[0].widths = not; break;
        case 3: p.layers[0].widths = none; break;
        case 4: p.layers[0].widths = endless; break;
        case 5: p.layers[0].widths = below; break;
        case 6: p.layers[0].n_out = 7; break;
        case 7: p.layers[0].activation = HBCD_TANH; break;
        case 8: parts[1].n_in = 5; break;
        case 9: parts[1].n_out = 2; break;
        case 10: parts[1].n_out = 0; break;
        case 11: parts[1].activation = HBCD_N_ACTIVATIONS; break;
        case 12: parts[3].activation_parameter = -1; break;
        case 13: p.layers[1].n_parts = 0; break;
        default: p.layers[2].n_parts = 2; break;
        }
        CHECK(FN(made)(&good) == HBCD_ERR_ARGUMENT);
    }
    free_problem(&p);
}

static void FN(test_structured)(void)
{
    FN(test_structured_outputs)();
    FN(test_a_few_rows_say_what_is_not_finite)();
    FN(test_structured_blocks)();
    FN(test_a_part_may_have_a_hook)();
    FN(test_structured_layers_are_checked)();
}
