"""Human review: which calls people listen to, what they answer, what stands by it, what it tells of the rest.

No Airflow and no page. Every function takes an open connection first (`Database.read(lambda c: f(c, …))`, or
`Database.write` for what changes something: one transaction) and, where somebody acts, an `Actor` second.
Who may do what at all (rights) is asked by the pages; the rules of the matter (own calls, own reviews, turns,
what is final) are kept here, and raise `NotForYou`, `TooLate` or `InvalidInput` with a message for the
person. Every change writes a row of `review_events`. `now=None` is this moment.

    people       load_people(path) -> People; People.actor(user) -> Actor; People.users_of(names)
    rules        load_rules(scorecards_folder, scorecard_id) -> ReviewRules
    filling      fill(c, batch_id, rules) -> Filled                        at the end of a run; once per audit
    items        list_queue(c, actor, mine=, sample=, states=, limit=, after=) -> list[QueueItem]
                 count_queue(c) -> QueueCounts; item_of(c, item_id) -> QueueItem
                 item_of_call(c, call_id) -> QueueItem | None
    queue        take(c, actor, item_id) -> QueueItem; take_next(c, actor, sample=) -> QueueItem | None
                 release(c, actor, item_id); skip(c, actor, item_id, reason); assign(c, actor, item_ids, to)
    answering    answer(c, actor, item_id, Given(...)) -> Progress         a new row each time: autosave
                 finish(c, actor, item_id) -> Finished                      from here on the answers stand
    beside       review_of(c, call_id, item_id=None) -> CallReview          both sides, both scores, a preview
    picking      pick(c, actor, call_id) -> QueueItem                       any call, from its page
                 give(c, actor, call_id, to) -> QueueItem
    disputes     terms(c, actor, call_id, rule) -> Terms; dispute_of(c, id) -> Dispute
                 list_disputes(c, raised_by=, call_id=, only_open=) -> list[Dispute]
    disputing    dispute(c, actor, call_id, Claim(…), rule=); decide(c, actor, id, answer=, why=); withdraw(…)
    machine      count_machine(c, days)                                     at the end of a run, after `fill`
    certifying   certify(c, first, last=None, least=) -> CertifiedDays      true rates of a day or week
    calibrating  open_session(c, actor, Plan(…)) -> Session; answer_session(…); submit(…)
                 close_session(…); withdraw_session(…)
    sessions     session_of(c, id); list_sessions(c, person=); answered_by_person(c, ids); own_answers(…)
    agreeing     agreement_of(c, session_id) -> SessionAgreement            once all have submitted
    labels       reviewed_labels(c, scorecard, unbiased=, calls=) -> Labels people's answers as gold labels

A blind item (`QueueItem.blind`): show neither the machine's answers nor `samples`, `reasons`, `pct` before
the person has answered; send `Given(criterion_id, answer=…, blind=True)` without a verdict; `Progress` then
tells the verdict and the machine's answer. In SQL, the official score and answers are
`include.database.official`.
"""
